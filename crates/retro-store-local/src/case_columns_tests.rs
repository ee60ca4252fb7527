use super::*;
use proptest::prelude::*;

fn cell(place: u32) -> impl Strategy<Value = Cell> {
    (
        prop::sample::select(&Outcome::ALL[..]),
        any::<bool>(),
        prop::option::of(any::<u32>().prop_map(|bits| Duration::from_micros(u64::from(bits / 2)))),
        prop::option::of(1..i64::MAX),
    )
        .prop_map(move |(outcome, flaky, duration, text)| Cell {
            place,
            outcome,
            flaky,
            duration,
            text,
        })
}

fn cells(span: u32) -> impl Strategy<Value = Vec<Cell>> {
    prop::collection::btree_set(0..span, 0..40)
        .prop_flat_map(|places| places.into_iter().map(cell).collect::<Vec<_>>())
}

fn check(given: &[Cell]) -> Columns<Vec<u8>> {
    let mut shuffled = given.to_vec();
    shuffled.reverse();
    let columns = Columns::pack(&mut shuffled);
    let texts: std::collections::HashMap<usize, i64> = columns
        .texts()
        .expect("what was packed")
        .into_iter()
        .collect();
    let read: Vec<Cell> = columns
        .cells()
        .expect("what was packed")
        .into_iter()
        .map(|(position, place, outcome, flaky)| Cell {
            place,
            outcome,
            flaky,
            duration: columns.duration(position).expect("what was packed"),
            text: texts.get(&position).copied(),
        })
        .collect();
    assert_eq!(read, given);
    for cell in given {
        assert_eq!(
            columns.cell(cell.place).expect("what was packed"),
            Some((cell.outcome, cell.flaky, cell.duration))
        );
    }
    columns
}

proptest! {
    #[test]
    fn neighbouring_tests_are_read_back(given in cells(60)) {
        check(&given);
    }

    #[test]
    fn scattered_tests_are_read_back(given in cells(u32::MAX)) {
        let columns = check(&given);
        prop_assert!(columns.size() <= given.len() * 30);
    }

    #[test]
    fn a_place_without_a_test_is_absent(given in cells(50), place in 0_u32..200) {
        let columns = Columns::pack(&mut given.clone());
        let has = given.iter().any(|cell| cell.place == place);
        prop_assert_eq!(columns.cell(place).expect("what was packed").is_some(), has);
    }

    #[test]
    fn damaged_blobs_are_errors_and_not_panics(
        first in any::<u32>(),
        outcomes in any::<Vec<u8>>(),
        places in any::<Option<Vec<u8>>>(),
        texts in any::<Option<Vec<u8>>>(),
        durations in any::<Option<Vec<u8>>>(),
        place in any::<u32>(),
    ) {
        let columns = Columns { first, outcomes, places, texts, durations };
        let _ = columns.cells();
        let _ = columns.cell(place);
        let _ = columns.texts();
    }

    #[test]
    fn every_number_survives_its_bytes(number in any::<i64>()) {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, zigzag(number));
        prop_assert_eq!(take_varint(&mut &bytes[..]).map(unzigzag), Some(number));
    }
}

#[test]
fn the_stored_form_is_pinned() {
    let cell = |place, outcome, flaky, micros, text| Cell {
        place,
        outcome,
        flaky,
        duration: Some(Duration::from_micros(micros)),
        text,
    };
    let columns = check(&[
        cell(7, Outcome::Passed, false, 1, None),
        cell(8, Outcome::Skipped, false, 2, Some(300)),
        cell(10, Outcome::Failed, false, 3, Some(299)),
        cell(11, Outcome::Passed, true, 0x0403_0201, None),
    ]);
    assert_eq!(columns.first, 7);
    assert_eq!(columns.outcomes, [1, 2, 0, 3, 0x11]);
    assert_eq!(columns.places, None);
    assert_eq!(columns.texts, Some(vec![1, 0xd8, 4, 2, 1]));
    assert_eq!(
        columns.durations,
        Some(vec![
            1, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, 1, 2, 3, 4
        ])
    );
    let columns = check(&[
        Cell {
            duration: None,
            ..cell(5, Outcome::Errored, false, 0, None)
        },
        Cell {
            duration: None,
            ..cell(1_000, Outcome::Passed, false, 0, None)
        },
    ]);
    assert_eq!(columns.first, 0);
    assert_eq!(columns.outcomes, [4, 1]);
    assert_eq!(columns.places, Some(vec![5, 0, 0, 0, 0xe8, 3, 0, 0]));
    assert_eq!(columns.durations, None);
}
