//! Promises about a fault in one session, and about one under the lock.

use super::*;

/// A panic elsewhere, whose drop guard takes the session out, is no fault of the chat's.
#[test]
fn a_session_that_panics_leaves_and_the_chat_goes_on() {
    struct Guard<'a>(&'a Rig, SessionId);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.chat.leave(self.1, CloseReason::Failed.into(), START, &mut Effects::default());
        }
    }
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let guard = Guard(&rig, bob.session);
    let fall = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = guard;
        std::panic::resume_unwind(Box::new("a fault in one session"));
    }));
    assert!(fall.is_err());
    assert!(!rig.chat.broken());
    rig.due.borrow_mut().insert(ann.session);
    assert_eq!(ann.hears(), ["bob joins #a", "bob quits: failed"]);
}

#[test]
fn a_panic_under_the_lock_is_not_forgotten() {
    let rig = Rig::new();
    let fall = || rig.chat.change(|_| std::panic::resume_unwind(Box::new("half done")));
    assert!(!rig.chat.broken());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(fall)).is_err());
    assert!(rig.chat.broken());
}
