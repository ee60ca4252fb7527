//! What `package.json` says, and which package manager the repository uses.

use serde_json::Value;

use crate::detect::{FileView, ToolProbe};

/// The parts of a `package.json` that tests depend on.
pub(super) struct Package {
    /// The `test` script; empty when there is none worth running.
    pub(super) test: String,
    dependencies: Vec<String>,
    manager: String,
}

impl Package {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        let text = |pointer: &str| {
            let found = json.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().trim().to_owned()
        };
        let names = |pointer: &str| {
            let found = json.pointer(pointer).and_then(Value::as_object);
            found.into_iter().flatten().map(|(name, _)| name.clone())
        };
        // What `npm init` writes for a package without tests.
        let placeholder = "Error: no test specified";
        Some(Self {
            test: Some(text("/scripts/test"))
                .filter(|script| !script.contains(placeholder))
                .unwrap_or_default(),
            dependencies: names("/devDependencies")
                .chain(names("/dependencies"))
                .collect(),
            manager: text("/packageManager"),
        })
    }

    pub(super) fn depends_on(&self, name: &str) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency == name)
    }

    /// Whether further arguments of the `test` script reach this program: it is what the script
    /// runs last, with nothing behind it.
    pub(super) fn script_ends_with(&self, program: &str) -> bool {
        let last = self.test.rsplit(['&', ';', '|']).next().unwrap_or_default();
        if self.test.contains('|') && !self.test.contains("||") || last.contains(['>', '<', '#']) {
            return false;
        }
        last.split_whitespace().any(|word| {
            let file = word.rsplit('/').next().unwrap_or_default();
            let stem = file.split('.').next().unwrap_or_default();
            stem == program
        })
    }
}

/// A package manager.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    /// Yarn 2 and later, whose flags differ.
    YarnBerry,
}

impl Manager {
    /// What the package asks for, else what its lock file belongs to, else npm.
    pub(super) fn of(package: &Package, files: &dyn FileView) -> Self {
        let (name, version) = package.manager.split_once('@').unwrap_or_default();
        let yarn = || {
            let old = version.starts_with("1.") || version.is_empty();
            if files.exists(".yarnrc.yml") || !old {
                Self::YarnBerry
            } else {
                Self::Yarn
            }
        };
        match name {
            "npm" => Self::Npm,
            "pnpm" => Self::Pnpm,
            "yarn" => yarn(),
            _ if files.exists("pnpm-lock.yaml") => Self::Pnpm,
            _ if files.exists("yarn.lock") => yarn(),
            _ => Self::Npm,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnBerry => "yarn",
        }
    }

    pub(super) fn found(self, tools: &dyn ToolProbe) -> String {
        let name = self.name();
        if tools.has(name) {
            format!("{name} installs the dependencies")
        } else {
            format!("{name} would install the dependencies, but is not on the PATH")
        }
    }

    /// Brings `node_modules` in line with the commit, quickly where little has changed: npm's
    /// clean install starts from nothing each time, so it is only for the first commit of a slot.
    pub(super) fn install(self, files: &dyn FileView) -> String {
        let has_lock = files.exists("package-lock.json") || files.exists("npm-shrinkwrap.json");
        match self {
            Self::Npm if has_lock => {
                "if [ -d node_modules ]; then npm install --no-audit --no-fund; \
                 else npm ci --no-audit --no-fund; fi"
            }
            Self::Npm => "npm install --no-audit --no-fund --no-package-lock",
            Self::Pnpm => "pnpm install --frozen-lockfile",
            Self::Yarn => "yarn install --frozen-lockfile --non-interactive",
            Self::YarnBerry => "yarn install --immutable",
        }
        .to_owned()
    }

    /// Runs the `test` script with further arguments.
    pub(super) fn test(self, arguments: &str) -> String {
        match self {
            Self::Npm if arguments.is_empty() => "npm test".to_owned(),
            Self::Npm => format!("npm test -- {arguments}"),
            Self::Pnpm => format!("pnpm run test {arguments}"),
            Self::Yarn | Self::YarnBerry => format!("yarn run test {arguments}"),
        }
        .trim_end()
        .to_owned()
    }

    /// Runs an installed program with arguments.
    pub(super) fn exec(self, command: &str) -> String {
        match self {
            Self::Npm => format!("npx --no-install {command}"),
            Self::Pnpm => format!("pnpm exec {command}"),
            Self::Yarn | Self::YarnBerry => format!("yarn run {command}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(test: &str) -> Package {
        let json = serde_json::json!({ "scripts": { "test": test } });
        Package::parse(&json.to_string()).expect("JSON")
    }

    #[test]
    fn arguments_are_appended_only_where_they_reach_the_runner() {
        for (script, expected) in [
            ("jest", true),
            ("tsc && jest --runInBand", true),
            ("lint || jest", true),
            ("cross-env NODE_ENV=test nyc jest", true),
            (
                "node --experimental-vm-modules node_modules/jest/bin/jest.js",
                true,
            ),
            ("jest && eslint .", false),
            ("jest | tee log", false),
            ("jest > log", false),
            ("jest-fixtures", false),
            ("", false),
        ] {
            assert_eq!(
                package(script).script_ends_with("jest"),
                expected,
                "{script:?}"
            );
        }
    }

    #[test]
    fn the_placeholder_of_npm_init_is_no_test() {
        assert_eq!(
            package("echo \"Error: no test specified\" && exit 1").test,
            ""
        );
    }

    #[test]
    fn broken_json_is_no_package() {
        for text in ["", "{", "[]", "null"] {
            let found = Package::parse(text);
            assert!(
                found.is_none_or(|package| package.test.is_empty()),
                "{text:?}"
            );
        }
    }
}
