//! Orders on the control socket, with the descriptors that come with a command.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::wire::Order;

/// Room for one control message with three descriptors, aligned as the system wants it.
type ControlRoom = [u64; 8];

/// What a command comes with: two descriptors for its output, and perhaps one for its input.
const MOST: usize = 3;

/// The size of so many descriptors in a control message.
const fn size(count: usize) -> u32 {
    (count * size_of::<c_int>()) as u32
}

/// Sends an order, with the descriptors for output and input if there are any.
pub(super) fn send(
    control: BorrowedFd<'_>,
    order: Order,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut byte = order as u8;
    let mut part = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut room: ControlRoom = [0; 8];
    let mut message = message(&mut part);
    if !descriptors.is_empty() {
        let mut data = [-1; MOST];
        for (place, descriptor) in data.iter_mut().zip(descriptors) {
            *place = descriptor.as_raw_fd();
        }
        let count = descriptors.len().min(MOST);
        message.msg_control = room.as_mut_ptr().cast();
        // SAFETY: the macros compute sizes and places inside `room`, which is larger than
        // CMSG_SPACE of `MOST` and aligned; what is written behind `count` is inside it, too, and
        // unaligned writes are allowed.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(size(count)) as _;
            let header = libc::CMSG_FIRSTHDR(&message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size(count)) as _;
            libc::CMSG_DATA(header)
                .cast::<[c_int; MOST]>()
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
    /// Run the command in the shared memory with these output pipes, and this input (-1 for none).
    Run([c_int; 2], c_int),
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
    let descriptors = unsafe {
        let header = libc::CMSG_FIRSTHDR(&message);
        let length = if header.is_null() {
            0
        } else {
            (*header).cmsg_len as u64
        };
        let data = || libc::CMSG_DATA(header).cast::<c_int>();
        if length == u64::from(libc::CMSG_LEN(size(3))) {
            Some(data().cast::<[c_int; 3]>().read_unaligned())
        } else if length == u64::from(libc::CMSG_LEN(size(2))) {
            let [out, err] = data().cast::<[c_int; 2]>().read_unaligned();
            Some([out, err, -1])
        } else {
            None
        }
    };
    match descriptors {
        Some([out, err, input]) if byte == Order::Run as u8 => Received::Run([out, err], input),
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
