//! Python: pytest, through uv or poetry where the repository is locked with them; unittest where
//! nothing speaks of pytest.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, direct, in_files, on_stdout, shell};

const MARKERS: [&str; 7] = [
    "pytest.ini",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "conftest.py",
    "tests/conftest.py",
];

/// Prints every installed distribution with its version.
const INSTALLED: &str = "import importlib.metadata as m; \
print(*sorted({str(d.metadata['Name']) + ' ' + str(d.version) for d in m.distributions()}), sep='\\n')";

pub(super) fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Option<Detection> {
    let marker = MARKERS.into_iter().find(|name| files.exists(name))?;
    let has_tests = ["tests", "test", "testing"]
        .iter()
        .any(|dir| files.exists(dir))
        || files.list("").iter().any(|name| is_test_file(name))
        || files.list("src").iter().any(|name| name == "tests");
    let speaks_of_pytest = speaks_of_pytest(files);
    if !has_tests && !speaks_of_pytest {
        return None;
    }

    let python = if tools.has("python3") {
        "python3"
    } else {
        "python"
    };
    let (build, python, found) = if files.exists("uv.lock") && tools.has("uv") {
        (
            Some("uv sync --frozen --all-extras"),
            "uv run --frozen python".to_owned(),
            format!("{marker} and uv.lock"),
        )
    } else if files.exists("poetry.lock") && tools.has("poetry") {
        (
            Some("poetry install --no-interaction"),
            "poetry run python".to_owned(),
            format!("{marker} and poetry.lock"),
        )
    } else {
        (None, python.to_owned(), marker.to_owned())
    };

    // The commit's own code goes before an installed copy of it: an editable installation would
    // otherwise test the user's checkout, whatever the commit.
    let path = if files.exists("src") {
        "$PWD/src:$PWD"
    } else {
        "$PWD"
    };
    let path = format!("PYTHONPATH=\"{path}${{PYTHONPATH:+:$PYTHONPATH}}\"");
    let (mut suite, because, kind) = if speaks_of_pytest || tools.has("pytest") {
        let run = format!(
            "{path} {python} -m pytest -o cache_dir=\"$RETRO_SCRATCH/pytest-cache\" \
             -o junit_family=xunit1 --junitxml=\"$RETRO_SCRATCH/results/pytest.xml\""
        );
        let mut suite = Suite::new("pytest", shell(run));
        suite.results = vec![in_files(
            ResultFormat::Junit,
            "$RETRO_SCRATCH/results/pytest.xml",
        )];
        let note = if build.is_none() {
            format!("{found}; needs pytest and the dependencies in the {python} of the PATH")
        } else {
            found
        };
        (suite, note, "pytest")
    } else {
        let run = format!("{path} {python} -m unittest discover -v");
        let mut suite = Suite::new("unittest", shell(run));
        suite.results = vec![on_stdout(ResultFormat::ExitCode)];
        (
            suite,
            format!("{found}; without pytest the whole suite counts as one test"),
            "unittest",
        )
    };
    let mut toolchain = vec![argv(&format!("{python} -VV"))];
    if build.is_none() {
        // What a lock file does not say: a dependency that was installed since may change results.
        toolchain.push(vec![python.clone(), "-c".to_owned(), INSTALLED.to_owned()]);
    }
    suite.build = build.map(direct);
    // Compiled files are matched to their source by size and whole seconds, and git-retro may
    // check out two commits in one second: then old code would run.
    suite
        .env
        .insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
    // So that a virtual environment in use stays in use.
    suite.env_allow.push("VIRTUAL_ENV".to_owned());
    Some(Detection {
        suite,
        toolchain,
        because,
        kind,
    })
}

fn is_test_file(name: &str) -> bool {
    name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"))
}

fn speaks_of_pytest(files: &dyn FileView) -> bool {
    let requirements = files
        .list("")
        .into_iter()
        .filter(|name| name.contains("requirements") && name.ends_with(".txt"));
    ["pytest.ini", "conftest.py", "tests/conftest.py"]
        .iter()
        .any(|name| files.exists(name))
        || ["pyproject.toml", "setup.cfg", "setup.py", "tox.ini"]
            .into_iter()
            .map(str::to_owned)
            .chain(requirements)
            .any(|name| {
                files
                    .read(&name)
                    .is_some_and(|text| text.contains("pytest"))
            })
}
