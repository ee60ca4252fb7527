//! An environment that other processes of the same user do not see.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{FromRawFd as _, IntoRawFd as _, RawFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// The variable that names the descriptor.
const MARK: &str = "RETRO_ENVIRONMENT_FD";

/// Moves the environment of this process out of `/proc/PID/environ`, where a command that it starts
/// could read it: keys of a cloud, tokens for git.
///
/// The first call starts the same program anew in this process, with the variables named in
/// `visible` and nothing else, and does not return. The second one, in the program that was started,
/// returns `environment` as the first one was given it, and keeps processes of the same user from
/// reading this one's memory. Nothing is left to be found by a process that may not trace this one.
///
/// To be called first of all in `main`, with the process's own environment and before there are
/// threads, descriptors or locks that the new start would lose.
///
/// # Errors
///
/// When the program's own file cannot be found or started (`/proc` is not mounted, for one): the
/// environment is then as visible as before.
pub fn hide_environment(
    arguments: impl IntoIterator<Item = OsString>,
    environment: BTreeMap<OsString, OsString>,
    visible: &[&str],
) -> io::Result<BTreeMap<OsString, OsString>> {
    match environment.get(OsStr::new(MARK)) {
        Some(descriptor) => receive(descriptor),
        None => Err(start_anew(arguments, &environment, visible)),
    }
}

fn receive(descriptor: &OsStr) -> io::Result<BTreeMap<OsString, OsString>> {
    let number = descriptor
        .to_str()
        .and_then(|text| text.parse::<RawFd>().ok());
    // SAFETY: asks about a number, open or not.
    let is_open = |number: &RawFd| unsafe { libc::fcntl(*number, libc::F_GETFD) } >= 0;
    let Some(number) = number.filter(|number| *number > 2 && is_open(number)) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{MARK} is {descriptor:?}, which is no open descriptor; unset it"),
        ));
    };
    // SAFETY: the program that set the variable left this descriptor open for us and for nobody
    // else; should it be another one, reading it fails or gives what is checked below.
    let mut handed_over = unsafe { File::from_raw_fd(number) };
    handed_over.rewind()?;
    let mut content = Vec::new();
    handed_over.read_to_end(&mut content)?;
    // SAFETY: plain numbers are passed, and nothing is written.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    Ok(parse(&content))
}

fn parse(content: &[u8]) -> BTreeMap<OsString, OsString> {
    let pair = |entry: &[u8]| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((owned(&entry[..at]), owned(&entry[at + 1..])))
    };
    content.split(|byte| *byte == 0).filter_map(pair).collect()
}

fn joined(name: &OsStr, value: &OsStr) -> Vec<u8> {
    [name.as_bytes(), b"=", value.as_bytes()].concat()
}

/// Does not return unless it fails.
fn start_anew(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &BTreeMap<OsString, OsString>,
    visible: &[&str],
) -> io::Error {
    let start = || -> io::Result<()> {
        let program = c_string(std::env::current_exe()?.as_os_str().as_bytes())?;
        let descriptor = hand_over(environment)?;
        let shown = environment
            .iter()
            .filter(|(name, _)| visible.iter().any(|visible| *name == visible))
            .map(|(name, value)| joined(name, value));
        let mark = format!("{MARK}={descriptor}").into_bytes();
        let shown: Vec<CString> = shown
            .chain([mark])
            .map(|entry| c_string(&entry))
            .collect::<Result<_, _>>()?;
        let arguments: Vec<CString> = arguments
            .into_iter()
            .map(|argument| c_string(argument.as_bytes()))
            .collect::<Result<_, _>>()?;
        let pointers = |strings: &[CString]| {
            let strings = strings.iter().map(|string| string.as_ptr());
            strings.chain([std::ptr::null()]).collect::<Vec<_>>()
        };
        let (arguments, shown) = (pointers(&arguments), pointers(&shown));
        // SAFETY: both lists end with a null pointer, and the strings they point to live until the
        // call has failed or this program is no more.
        unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), shown.as_ptr()) };
        Err(io::Error::last_os_error())
    };
    match start() {
        Err(error) => error,
        Ok(()) => unreachable!("a program that was started does not return"),
    }
}

/// Writes the environment into a file without a name, and gives its descriptor, which survives the
/// start of another program.
fn hand_over(environment: &BTreeMap<OsString, OsString>) -> io::Result<RawFd> {
    // SAFETY: the name is a string that ends with a zero byte.
    let descriptor = unsafe { libc::memfd_create(c"environment".as_ptr(), 0) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and belongs to nobody else.
    let mut file = unsafe { File::from_raw_fd(descriptor) };
    for (name, value) in environment {
        let mut entry = joined(name, value);
        entry.push(0);
        file.write_all(&entry)?;
    }
    Ok(file.into_raw_fd())
}

fn c_string(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_is_received() {
        let environment = BTreeMap::from([
            ("TOKEN".into(), "a=b\nc".into()),
            ("EMPTY".into(), OsString::new()),
            (
                OsString::from_vec(b"ODD\xff".to_vec()),
                OsString::from_vec(b"\xfe".to_vec()),
            ),
        ]);
        let descriptor = hand_over(&environment).unwrap();
        // SAFETY: the descriptor is ours.
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        file.rewind().unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(parse(&content), environment);
    }

    #[test]
    fn a_mark_that_names_no_descriptor_is_refused() {
        for mark in ["", "x", "-1", "2", "99999"] {
            let environment = BTreeMap::from([(MARK.into(), mark.into())]);
            assert!(hide_environment([], environment, &[]).is_err(), "{mark:?}");
        }
    }
}
