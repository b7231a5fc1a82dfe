//! The bell of a queue: a socket pair on which one byte says "no longer empty".

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

/// A connected pair, both ends non-blocking and closed on exec.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut descriptors = [0; 2];
    #[cfg(target_os = "linux")]
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let kind = libc::SOCK_STREAM;
    // SAFETY: the array has room for the two descriptors.
    if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, descriptors.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were just made and nobody else owns them.
    let pair = unsafe { descriptors.map(|descriptor| OwnedFd::from_raw_fd(descriptor)) };
    #[cfg(not(target_os = "linux"))]
    for end in &pair {
        configure(end)?;
    }
    let [host_end, own_end] = pair;
    Ok((host_end, own_end))
}

/// What other systems than Linux can only set after the fact.
#[cfg(not(target_os = "linux"))]
fn configure(end: &OwnedFd) -> io::Result<()> {
    let descriptor = end.as_raw_fd();
    // SAFETY: plain calls on a descriptor that is open.
    let result = unsafe {
        libc::fcntl(descriptor, libc::F_SETFL, libc::O_NONBLOCK)
            | libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    #[cfg(target_vendor = "apple")]
    {
        let on: libc::c_int = 1;
        // SAFETY: the option value is an int and its size is given.
        let result = unsafe {
            libc::setsockopt(
                descriptor,
                libc::SOL_SOCKET,
                libc::SO_NOSIGPIPE,
                (&raw const on).cast(),
                size_of_val(&on) as libc::socklen_t,
            )
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Sends the byte. A full buffer is fine, for then there are bytes to read already; so is a host that
/// has closed its end, for then nobody listens.
pub fn ring(end: &OwnedFd) {
    #[cfg(target_vendor = "apple")]
    let flags = 0;
    #[cfg(not(target_vendor = "apple"))]
    let flags = libc::MSG_NOSIGNAL;
    // A signal before the byte is sent is the one failure after which the byte is still owed.
    loop {
        // SAFETY: one readable byte on a descriptor that is open.
        let sent = unsafe { libc::send(end.as_raw_fd(), [1u8].as_ptr().cast(), 1, flags) };
        if sent >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Lets the other end read end of file, while the descriptor itself stays open.
pub fn hang_up(end: &OwnedFd) {
    // SAFETY: a plain call on a descriptor that is open.
    unsafe { libc::shutdown(end.as_raw_fd(), libc::SHUT_WR) };
}
