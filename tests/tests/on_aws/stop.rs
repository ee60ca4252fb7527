//! A batch that somebody stops.

use retro_tests::wait_until;

use crate::initiator::scene_with;

#[test]
fn a_batch_is_stopped_and_leaves_no_job_open() {
    let (mut world, emulator, url) = scene_with(4, &["LeaseWaitSeconds=3"]);
    world.set("AWS_ACCESS_KEY_ID", "People");
    let remote = ["run", "--backend", "aws", "--from", &url, "--no-wait"];
    let command = ["--last", "3", "--", "sleep", "600"];
    let started = world.expect(0, &[&remote[..], &command].concat());
    let batch = started
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("batch ")?.split([' ', ':']).next())
        .expect("the batch's id")
        .to_owned();
    let commits: Vec<String> = (0..3)
        .map(|back| world.repo.rev(&format!("HEAD~{back}")).to_string())
        .collect();
    let status = |commit: &String| emulator.jobs_of(commit)[0]["status"].clone();
    wait_until("the jobs to run", || {
        commits.iter().all(|commit| status(commit) == "RUNNING")
    });
    let stopped = world.expect(0, &["stop", &batch]);
    let told = format!("batch {batch} stopped: 3 jobs ended without a result; 0 complete");
    assert!(stopped.stdout.starts_with(&told), "{}", stopped.stdout);
    for commit in &commits {
        let job = &emulator.jobs_of(commit)[0];
        assert_eq!(job["status"], "FAILED", "{job}");
        assert!(job["error_message"].as_str().is_some(), "{job}");
    }
    let pulled = world.expect(3, &["pull", &batch]);
    assert!(pulled.stdout.contains("3 ended"), "{}", pulled.stdout);
    let again = world.expect(0, &["stop", &batch]);
    let told = format!("batch {batch} is over already; 0 complete, 3 failed");
    assert!(again.stdout.starts_with(&told), "{}", again.stdout);
    let unknown = world.expect(2, &["stop", "000000000001-000001"]);
    let told = "the table has no batch 000000000001-000001";
    assert!(unknown.stderr.contains(told), "{}", unknown.stderr);
    let denied = &emulator.report()["permissions"]["denied"];
    assert_eq!(*denied, serde_json::json!({}));
}
