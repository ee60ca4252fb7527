//! A disk that is really full: a small file system of memory, mounted where only git-retro sees it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use retro_tests::{Said, World};

#[expect(
    clippy::disallowed_methods,
    reason = "end-to-end tests start the real binary"
)]
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    // A user and a mount namespace of its own; both end with the command.
    command.args(["-r", "-m", "sh", "-c"]).stdin(Stdio::null());
    command
}

/// A folder to mount a disk on; none where this machine does not let a test mount one for itself.
fn mount_point(world: &World) -> Option<PathBuf> {
    let folder = world.outside().join("disk");
    std::fs::create_dir(&folder).unwrap();
    let tried = unshare()
        .args(["mount -t tmpfs none \"$1\"", "sh"])
        .arg(&folder)
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        eprintln!("skipped: no file system can be mounted here");
    }
    can.then_some(folder)
}

/// Runs a script with `folder` as its first argument and git-retro with `args` behind it.
fn script(world: &World, script: &str, folder: &Path, args: &[&str]) -> Said {
    let inner = world.command(args);
    let mut command = unshare();
    command
        .args([script, "sh"])
        .arg(folder)
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(world.repo.path())
        .env_clear();
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.output().unwrap().into()
}

/// git-retro, to which `folder` is a disk of this size.
fn with_disk(world: &World, folder: &Path, size: &str, args: &[&str]) -> Said {
    let mount = format!("mount -t tmpfs -o size={size} none \"$1\" && shift && exec \"$@\"");
    script(world, &mount, folder, args)
}

fn small_and_large() -> World {
    let world = World::new();
    world.repo.write("out.tap", "1..1\nok - a\n");
    world.repo.commit("small");
    world.repo.write("large", vec![b'x'; 8 << 20]);
    world.repo.commit("large");
    world
}

#[test]
fn a_full_disk_for_work_trees_loses_no_result() {
    let world = small_and_large();
    let Some(cache) = mount_point(&world) else {
        return;
    };
    let folder = cache.to_str().unwrap();
    let args = [
        "run",
        "--order",
        "oldest",
        "--jobs",
        "1",
        "--cache-dir",
        folder,
        "--",
        "cat",
        "out.tap",
    ];
    let said = with_disk(&world, &cache, "4m", &args);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("no space left"), "{}", said.stderr);
    assert!(said.stderr.contains("--cache-dir"), "{}", said.stderr);
    assert!(
        said.stdout.contains("1 passed, 1 not run"),
        "{}",
        said.stdout
    );

    let again = world.expect(0, &args);
    assert!(
        again.stderr.contains("1 known, 1 to run"),
        "{}",
        again.stderr
    );
    assert!(again.stdout.contains("2 passed"), "{}", again.stdout);
}

#[test]
fn a_full_disk_for_logs_is_no_verdict() {
    let world = small_and_large();
    let Some(cache) = mount_point(&world) else {
        return;
    };
    let folder = cache.to_str().unwrap();
    let line = "cat out.tap; head -c 8000000 /dev/zero";
    let args = [
        "run",
        "--last",
        "1",
        "--cache-dir",
        folder,
        "--",
        "sh",
        "-c",
        line,
    ];
    let said = with_disk(&world, &cache, "12m", &args);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("no space left"), "{}", said.stderr);
    assert!(said.stdout.contains("1 not run"), "{}", said.stdout);
}

#[test]
fn a_full_disk_for_results_is_said_and_leaves_them_readable() {
    let world = small_and_large();
    let Some(data) = mount_point(&world) else {
        return;
    };
    let folder = data.to_str().unwrap();
    let line = "cat out.tap; head -c 3000000 /dev/zero";
    let args = ["run", "--data-dir", folder, "--", "sh", "-c", line];
    let said = with_disk(&world, &data, "2m", &args);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("no space left"), "{}", said.stderr);
    assert!(said.stderr.contains("git retro gc"), "{}", said.stderr);
}

#[test]
fn a_disk_that_filled_up_since_is_named_by_every_question() {
    let world = small_and_large();
    let Some(data) = mount_point(&world) else {
        return;
    };
    for question in ["ls", "show", "gc", "run -- cat out.tap"] {
        let fill = format!(
            "mount -t tmpfs -o size=4m none \"$1\" || exit 99\n\
             \"$2\" run --data-dir \"$1\" -q -- cat out.tap >/dev/null || exit 98\n\
             head -c 4000000 /dev/zero 2>/dev/null >\"$1/filler\"; cat /dev/zero >\"$1/more\" 2>/dev/null\n\
             exec \"$2\" --data-dir \"$1\" {question}\n"
        );
        let said = script(&world, &fill, &data, &[]);
        assert_eq!(said.code, Some(3), "{question}: {said:?}");
        for part in ["no space left", "free some space", "--data-dir"] {
            assert!(said.stderr.contains(part), "{question}: {}", said.stderr);
        }
    }
}
