//! `usher mailbox`: the address of the development mailbox, for the owner of the state directory.

use super::session::Session;
use super::{DONE, FAILED, output};
use crate::client::{Client, Error};
use crate::notifier::web::Web;

/// `usher mailbox`.
pub(super) fn mailbox(session: &mut Session) -> anyhow::Result<u8> {
    match Client::connect(&session.state) {
        Ok(_) => {}
        Err(Error::NoEngine(_)) => {
            output::note("no engine runs, so nobody shows the mailbox; start `usher server`");
            return Ok(FAILED);
        }
        Err(error) => return Err(error.into()),
    }
    // The pages of an engine that has ended are nobody's.
    let served = |web: &Web| std::net::TcpStream::connect(web.at).is_ok();
    let Some(web) = Web::read(&session.state).filter(served) else {
        output::note("this engine shows no pages yet; it does as soon as there is mail");
        return Ok(FAILED);
    };
    match web.mailbox_url() {
        Some(url) => {
            output::print(&format!("{url}\n"))?;
            Ok(DONE)
        }
        None => {
            output::note("mail goes to a server (`usher config show`); there is no mailbox");
            Ok(FAILED)
        }
    }
}
