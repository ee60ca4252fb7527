//! Prints how fast result files are read, beside other readers of the same files in the same run.
//!
//! Run with `cargo bench -p retro-test-report`; `-- text empty tap yaml` picks files. Every figure
//! is the median of several rounds of processor time; each round runs every reader once. The last
//! column is the largest resident set of a process of its own that reads the file from disk.

mod files;

use std::fs::File;
use std::hint::black_box;
use std::io::BufReader;
use std::time::Duration;

use retro_domain::TestCase;
use retro_test_report::{ReportSink, parse};
use rustix::time::{ClockId, clock_gettime};

use files::Sample;

const ROUNDS: usize = 7;

/// The first argument of the process that measures memory.
const MEMORY: &str = "--memory-of";

/// A sink that looks at every case and keeps nothing.
#[derive(Default)]
struct Counting {
    cases: u64,
    bytes: usize,
}

impl ReportSink for Counting {
    fn case(&mut self, case: &TestCase) {
        let case = black_box(case);
        self.cases += 1;
        self.bytes += case.id.name.len() + case.stdout.as_ref().map_or(0, String::len);
    }
}

/// A reader: its name and how many tests, or tags, it found. `None` when it refuses the file.
type Reader = (&'static str, fn(&str) -> Option<u64>);

const OURS: Reader = ("retro-test-report", |text| {
    let mut sink = Counting::default();
    parse(text.as_bytes(), None, &mut sink).ok()?;
    Some(sink.cases)
});

const XML: [Reader; 4] = [
    OURS,
    ("junit-parser", |text| {
        let read = black_box(junit_parser::from_reader(text.as_bytes()).ok()?);
        Some(
            read.suites
                .iter()
                .map(|suite| suite.cases.len() as u64)
                .sum(),
        )
    }),
    ("quick-junit", |text| {
        let read = black_box(quick_junit::Report::deserialize_from_str(text).ok()?);
        Some(
            read.test_suites
                .iter()
                .map(|suite| suite.test_cases.len() as u64)
                .sum(),
        )
    }),
    ("quick-xml, events alone", |text| {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut cases = 0;
        loop {
            match black_box(reader.read_event().ok()?) {
                quick_xml::events::Event::Eof => return Some(cases),
                quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                    cases += u64::from(tag.name().as_ref() == "testcase");
                }
                _ => {}
            }
        }
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, path] = &arguments[..]
        && first == MEMORY
    {
        return read_from_disk(path);
    }
    let is_wanted = |name: &str| {
        !arguments.iter().any(|a| !a.starts_with('-')) || arguments.iter().any(|a| a == name)
    };
    println!("median of {ROUNDS} rounds of processor time");
    for (name, make) in files::ALL {
        if is_wanted(name) {
            measure(&make());
        }
    }
}

fn measure(sample: &Sample) {
    let megabytes = sample.text.len() as f64 / 1e6;
    println!(
        "\n{}: {} tests, {megabytes:.1} MB",
        sample.name, sample.tests
    );
    let readers = if sample.is_xml { &XML[..] } else { &XML[..1] };
    let mut taken = vec![Vec::new(); readers.len()];
    for _ in 0..ROUNDS {
        for ((_, read), taken) in readers.iter().zip(&mut taken) {
            let start = processor_time();
            let found = black_box(read(&sample.text));
            taken.push((processor_time() - start, found));
        }
    }
    let median = |taken: &mut Vec<(Duration, Option<u64>)>| {
        taken.sort();
        taken[ROUNDS / 2].0.as_secs_f64()
    };
    let medians: Vec<f64> = taken.iter_mut().map(median).collect();
    for (((name, _), taken), seconds) in readers.iter().zip(&taken).zip(&medians) {
        match taken[0].1 {
            Some(found) if found == sample.tests => println!(
                "  {name:<24} {:>6.0} MB/s  {:>5.0} ns a test  x {:.2}",
                megabytes / seconds,
                seconds * 1e9 / sample.tests as f64,
                seconds / medians[0],
            ),
            found => println!("  {name:<24} found {found:?}"),
        }
    }
    match memory(sample) {
        Some(memory) => println!("  largest resident set, from disk: {memory}"),
        None => println!("  largest resident set: not told here"),
    }
}

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (now.tv_sec, now.tv_nsec);
    Duration::new(seconds.unsigned_abs(), 0) + Duration::from_nanos(nanos.unsigned_abs())
}

/// Reads a file as an embedding program does, and prints the process's largest resident set.
fn read_from_disk(path: &str) {
    let mut sink = Counting::default();
    let file = BufReader::new(File::open(path).expect("the file just written"));
    parse(file, None, &mut sink).expect("a readable report");
    black_box(sink.bytes);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
        print!("{}", line.trim_start_matches("VmHWM:").trim());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the largest resident set is a process's own, and it is this one that is started"
)]
fn memory(sample: &Sample) -> Option<String> {
    let path = std::env::temp_dir().join(format!("retro-reading-{}", std::process::id()));
    std::fs::write(&path, &sample.text).ok()?;
    let output = std::process::Command::new(std::env::current_exe().ok()?)
        .arg(MEMORY)
        .arg(&path)
        .output();
    std::fs::remove_file(&path).ok()?;
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    (!text.is_empty()).then_some(text)
}
