//! Java and its neighbours: Maven and Gradle, through the wrapper where the repository has one.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, direct, in_files, shell};

/// Reports stay in the build folder, so those of the commit before are removed first. Failed tests
/// do not end the build early: modules that depend on a failing one are tested too.
pub(super) fn maven(files: &dyn FileView, _: &dyn ToolProbe) -> Option<Detection> {
    if !files.exists("pom.xml") {
        return None;
    }
    let (mvn, found) = if files.exists("mvnw") {
        ("sh mvnw", "pom.xml and mvnw")
    } else {
        ("mvn", "pom.xml")
    };
    let run = format!(
        "find . -path '*/target/surefire-reports/*' -name '*.xml' -exec rm -f {{}} +\n\
         {mvn} -B -ntp -Dmaven.test.failure.ignore=true test"
    );
    let mut suite = Suite::new("maven", shell(run));
    suite.build = Some(direct(&format!("{mvn} -B -ntp -DskipTests test-compile")));
    suite.results = vec![in_files(
        ResultFormat::Junit,
        "**/target/surefire-reports/TEST-*.xml",
    )];
    Some(Detection {
        suite,
        toolchain: vec![argv(&format!("{mvn} -v"))],
        because: found.to_owned(),
        kind: "maven",
    })
}

/// The daemon would outlive its commit; reports of the commit before are removed first.
pub(super) fn gradle(files: &dyn FileView, _: &dyn ToolProbe) -> Option<Detection> {
    let marker = [
        "settings.gradle.kts",
        "settings.gradle",
        "build.gradle.kts",
        "build.gradle",
    ];
    let marker = marker.into_iter().find(|name| files.exists(name))?;
    let (gradle, found) = if files.exists("gradlew") {
        ("sh gradlew", format!("{marker} and gradlew"))
    } else {
        ("gradle", marker.to_owned())
    };
    let run = format!(
        "find . -path '*/build/test-results/*' -name '*.xml' -exec rm -f {{}} +\n\
         {gradle} --no-daemon --console=plain --continue test"
    );
    let mut suite = Suite::new("gradle", shell(run));
    suite.build = Some(direct(&format!(
        "{gradle} --no-daemon --console=plain testClasses"
    )));
    suite.results = vec![in_files(
        ResultFormat::Junit,
        "**/build/test-results/**/*.xml",
    )];
    Some(Detection {
        suite,
        toolchain: vec![argv(&format!("{gradle} --no-daemon --version"))],
        because: found,
        kind: "gradle",
    })
}
