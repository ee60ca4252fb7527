#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| retro_test_report_fuzz::check(data, Some(retro_test_report::Format::Trx)));
