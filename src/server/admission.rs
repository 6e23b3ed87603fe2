//! A new connection: how it is prepared, and which handler it gets. Knows no protocol.

use std::sync::Arc;
use std::time::Duration;

use crate::front::{self, Entrance, Fronts};
use crate::limits::Limits;
use crate::net::{Admitted, Options, Stream};
use crate::session::handle::SessionHandle;
use crate::session::hub::{Hub, News};

/// How a connection is prepared that begins now.
pub(super) fn options(limits: &Limits) -> Options {
    Options {
        send_buffer: limits.send_buffer,
        // To the kernel, a host that takes no bytes looks like one that has vanished.
        unreachable: limits.unreachable_after.max(limits.outbox_patience + Duration::from_secs(6)),
        linger: limits.farewell,
    }
}

/// Makes the handler of a connection, or refuses the connection with a sentence.
pub(super) fn admit(hub: &Arc<Hub>, fronts: &Arc<Fronts>, stream: &Arc<Stream>) -> Admitted {
    let peer = stream.peer();
    let turned_away = |sentence: &String| hub.tell(|| News::Line(format!("! {peer} turned away: {sentence}")));
    let (pass, full) = match hub.door.let_in(peer.ip()).inspect_err(turned_away) {
        Ok(pass) => (pass, None),
        Err(sentence) => match hub.door.hear_out() {
            Some(pass) => (pass, Some(sentence)),
            None => return Err(sentence),
        },
    };
    let handle = Arc::new(SessionHandle::new(hub.next_session(), stream, hub.limits.now(), front::plain()));
    hub.admit(&handle);
    Ok((format!("session-{}", handle.id.0), Box::new(Entrance::new(hub, fronts, &handle, (pass, full)))))
}
