//! Orders on the control socket, with the output pipes that come with a command.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::wire::Order;

/// Room for one control message with two descriptors, aligned as the system wants it.
type ControlRoom = [u64; 8];

/// The size of the descriptors in a control message.
const TWO: u32 = 2 * size_of::<c_int>() as u32;

/// Sends an order, with the two descriptors for the output if there are any.
pub(super) fn send(
    control: BorrowedFd<'_>,
    order: Order,
    outputs: Option<[BorrowedFd<'_>; 2]>,
) -> io::Result<()> {
    let mut byte = order as u8;
    let mut part = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut room: ControlRoom = [0; 8];
    let mut message = message(&mut part);
    if let Some(outputs) = outputs {
        message.msg_control = room.as_mut_ptr().cast();
        // SAFETY: the macros compute sizes and places inside `room`, which is larger than
        // CMSG_SPACE(TWO) and aligned; the data are two descriptors, unaligned writes allowed.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(TWO) as _;
            let header = libc::CMSG_FIRSTHDR(&message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(TWO) as _;
            let data = outputs.map(|output| output.as_raw_fd());
            libc::CMSG_DATA(header)
                .cast::<[c_int; 2]>()
                .write_unaligned(data);
        }
    }
    loop {
        // SAFETY: everything that the message points to is alive.
        match unsafe { libc::sendmsg(control.as_raw_fd(), &message, libc::MSG_NOSIGNAL) } {
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => return Ok(()),
        }
    }
}

/// What a supervisor found on its socket.
#[derive(Clone, Copy)]
pub(super) enum Received {
    /// Run the command in the shared memory with these output pipes.
    Run([c_int; 2]),
    /// Any other byte.
    Other(u8),
    /// The caller is gone.
    Closed,
}

/// Takes one order, waiting for it. Only system calls: this runs in the supervisor.
pub(super) fn receive(control: c_int) -> Received {
    let mut byte = 0u8;
    let mut part = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut room: ControlRoom = [0; 8];
    let mut message = message(&mut part);
    message.msg_control = room.as_mut_ptr().cast();
    message.msg_controllen = size_of::<ControlRoom>() as _;
    // SAFETY: everything that the message points to is alive and writable.
    let received = unsafe { libc::recvmsg(control, &mut message, libc::MSG_CMSG_CLOEXEC) };
    if received != 1 {
        return Received::Closed;
    }
    // SAFETY: the kernel has filled `room` as `msg_controllen` says; the header is checked before
    // the data are read.
    let outputs = unsafe {
        let header = libc::CMSG_FIRSTHDR(&message);
        if header.is_null() || (*header).cmsg_len as u64 != u64::from(libc::CMSG_LEN(TWO)) {
            None
        } else {
            Some(
                libc::CMSG_DATA(header)
                    .cast::<[c_int; 2]>()
                    .read_unaligned(),
            )
        }
    };
    match outputs {
        Some(outputs) if byte == Order::Run as u8 => Received::Run(outputs),
        _ => Received::Other(byte),
    }
}

fn message(part: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: all zeros is a valid message without address, data and control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message
}
