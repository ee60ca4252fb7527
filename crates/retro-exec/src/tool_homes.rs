//! Where well-known tools keep their toolchains and download caches in a user's home.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One tool's folder: the variable that names it, and where it is when nothing does, below the
/// user's home. The folders of the XDG base directories follow `XDG_CACHE_HOME` and `XDG_DATA_HOME`.
struct ToolHome {
    variable: &'static str,
    folder: Folder,
}

enum Folder {
    Home(&'static str),
    Cache(&'static str),
    Data(&'static str),
}

use Folder::{Cache, Data, Home};

const TOOL_HOMES: &[ToolHome] = &[
    ToolHome {
        variable: "CARGO_HOME",
        folder: Home(".cargo"),
    },
    ToolHome {
        variable: "RUSTUP_HOME",
        folder: Home(".rustup"),
    },
    ToolHome {
        variable: "GOPATH",
        folder: Home("go"),
    },
    ToolHome {
        variable: "GOMODCACHE",
        folder: Home("go/pkg/mod"),
    },
    ToolHome {
        variable: "GOCACHE",
        folder: Cache("go-build"),
    },
    ToolHome {
        variable: "npm_config_cache",
        folder: Home(".npm"),
    },
    ToolHome {
        variable: "NVM_DIR",
        folder: Home(".nvm"),
    },
    ToolHome {
        variable: "FNM_DIR",
        folder: Data("fnm"),
    },
    ToolHome {
        variable: "VOLTA_HOME",
        folder: Home(".volta"),
    },
    ToolHome {
        variable: "COREPACK_HOME",
        folder: Cache("node/corepack"),
    },
    ToolHome {
        variable: "YARN_CACHE_FOLDER",
        folder: Cache("yarn"),
    },
    ToolHome {
        variable: "PNPM_HOME",
        folder: Data("pnpm"),
    },
    ToolHome {
        variable: "npm_config_store_dir",
        folder: Data("pnpm/store"),
    },
    ToolHome {
        variable: "BUN_INSTALL",
        folder: Home(".bun"),
    },
    ToolHome {
        variable: "DENO_DIR",
        folder: Cache("deno"),
    },
    ToolHome {
        variable: "PLAYWRIGHT_BROWSERS_PATH",
        folder: Cache("ms-playwright"),
    },
    ToolHome {
        variable: "CYPRESS_CACHE_FOLDER",
        folder: Cache("Cypress"),
    },
    ToolHome {
        variable: "PIP_CACHE_DIR",
        folder: Cache("pip"),
    },
    ToolHome {
        variable: "UV_CACHE_DIR",
        folder: Cache("uv"),
    },
    ToolHome {
        variable: "UV_PYTHON_INSTALL_DIR",
        folder: Data("uv/python"),
    },
    ToolHome {
        variable: "UV_TOOL_DIR",
        folder: Data("uv/tools"),
    },
    ToolHome {
        variable: "POETRY_CACHE_DIR",
        folder: Cache("pypoetry"),
    },
    ToolHome {
        variable: "PYENV_ROOT",
        folder: Home(".pyenv"),
    },
    ToolHome {
        variable: "PYTHONUSERBASE",
        folder: Home(".local"),
    },
    ToolHome {
        variable: "GEM_SPEC_CACHE",
        folder: Home(".gem/specs"),
    },
    ToolHome {
        variable: "RBENV_ROOT",
        folder: Home(".rbenv"),
    },
    ToolHome {
        variable: "GRADLE_USER_HOME",
        folder: Home(".gradle"),
    },
    ToolHome {
        variable: "SDKMAN_DIR",
        folder: Home(".sdkman"),
    },
    ToolHome {
        variable: "COURSIER_CACHE",
        folder: Cache("coursier/v1"),
    },
    ToolHome {
        variable: "NUGET_PACKAGES",
        folder: Home(".nuget/packages"),
    },
    ToolHome {
        variable: "COMPOSER_CACHE_DIR",
        folder: Cache("composer"),
    },
    ToolHome {
        variable: "MIX_HOME",
        folder: Home(".mix"),
    },
    ToolHome {
        variable: "HEX_HOME",
        folder: Home(".hex"),
    },
    ToolHome {
        variable: "STACK_ROOT",
        folder: Home(".stack"),
    },
    ToolHome {
        variable: "OPAMROOT",
        folder: Home(".opam"),
    },
    ToolHome {
        variable: "ASDF_DATA_DIR",
        folder: Home(".asdf"),
    },
    ToolHome {
        variable: "MISE_DATA_DIR",
        folder: Data("mise"),
    },
    ToolHome {
        variable: "CCACHE_DIR",
        folder: Cache("ccache"),
    },
    ToolHome {
        variable: "SCCACHE_DIR",
        folder: Cache("sccache"),
    },
    ToolHome {
        variable: "BAZELISK_HOME",
        folder: Cache("bazelisk"),
    },
];

/// The variables that keep tools working under another home: the value of `base` where it has one,
/// the usual place in the user's home where that exists.
///
/// Maven has no variable for its repository; it gets one through `MAVEN_ARGS`, which Maven reads
/// from version 3.9 on.
pub(crate) fn tool_homes(
    base: &BTreeMap<OsString, OsString>,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<(&'static str, OsString)> {
    let named = |name: &str| {
        base.get(&OsString::from(name))
            .filter(|value| !value.is_empty())
    };
    let home = named("HOME").map(PathBuf::from);
    let below_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let xdg =
        |name: &str, usual: &str| named(name).map(PathBuf::from).or_else(|| below_home(usual));
    let (cache, data) = (
        xdg("XDG_CACHE_HOME", ".cache"),
        xdg("XDG_DATA_HOME", ".local/share"),
    );
    let mut found: Vec<_> = TOOL_HOMES
        .iter()
        .filter_map(|tool| {
            if let Some(value) = named(tool.variable) {
                return Some((tool.variable, value.clone()));
            }
            let usual = match tool.folder {
                Home(folder) => below_home(folder),
                Cache(folder) => cache.as_ref().map(|cache| cache.join(folder)),
                Data(folder) => data.as_ref().map(|data| data.join(folder)),
            };
            usual
                .filter(|folder| exists(folder))
                .map(|folder| (tool.variable, folder.into()))
        })
        .collect();
    if let Some(value) = named("MAVEN_ARGS") {
        found.push(("MAVEN_ARGS", value.clone()));
    } else if let Some(folder) = below_home(".m2/repository").filter(|folder| exists(folder)) {
        let mut argument = OsString::from("-Dmaven.repo.local=");
        argument.push(folder);
        found.push(("MAVEN_ARGS", argument));
    }
    found
}
