//! How waits for the replica are brought to their end.
//!
//! SQLite's answers come from a thread that simulated time knows nothing of: awaited under a
//! paused clock, time would jump while it works, and no seed would replay. In place, the calling
//! thread waits for it instead: no simulated time passes, and no other task runs in between.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How waits for the replica are brought to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drive {
    /// Awaited, as in production.
    #[default]
    Await,
    /// By the calling thread, for simulation on one thread.
    InPlace,
}

/// Work during which `busy` tells whether it waits for the replica, and for nothing else.
pub(crate) struct InPlace<F, B> {
    work: Pin<Box<F>>,
    busy: B,
}

impl<F: Future, B: Fn() -> bool + Unpin> InPlace<F, B> {
    pub(crate) fn new(work: F, busy: B) -> Self {
        Self {
            work: Box::pin(work),
            busy,
        }
    }
}

impl<F: Future, B: Fn() -> bool + Unpin> Future for InPlace<F, B> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut woken = false;
        loop {
            let signal = Arc::new(Signal::new(cx.waker().clone()));
            let waker = Waker::from(Arc::clone(&signal));
            // On a spent task budget tokio's locks would stay pending for ever.
            let polled = {
                let mut unconstrained = tokio::task::unconstrained(self.work.as_mut());
                Pin::new(&mut unconstrained).poll(&mut Context::from_waker(&waker))
            };
            if polled.is_ready() {
                return polled;
            }
            if !(self.busy)() {
                signal.forward(woken);
                return Poll::Pending;
            }
            // Whether SQLite was quick or slow, the task is polled as often afterwards.
            woken |= signal.wait();
        }
    }
}

/// Tells the thread that waits of SQLite's answer, and wakes the task for everything else.
///
/// SQLite's thread may tell a moment after its answer was found. That wakes no task: it would be
/// polled once more or not, as the machine's scheduler likes, and no seed would replay.
struct Signal {
    state: Mutex<SignalState>,
    answered: Condvar,
    task: Waker,
    /// The thread of the task, on which everything happens that a task is woken for.
    thread: ThreadId,
}

#[derive(Default)]
struct SignalState {
    /// Told by another thread.
    answered: bool,
    /// Woken on the thread of the task.
    woken: bool,
    /// The task is woken at once.
    forwards: bool,
}

/// A wait for the replica that is longer waits for something else: a mistake in this library.
const WAIT_MAX: Duration = Duration::from_mins(1);

impl Signal {
    fn new(task: Waker) -> Self {
        Self {
            state: Mutex::default(),
            answered: Condvar::new(),
            task,
            thread: thread::current().id(),
        }
    }

    fn state(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the task is woken, and now if it was while it was polled.
    fn forward(&self, woken: bool) {
        let mut state = self.state();
        state.forwards = true;
        if woken || state.woken {
            self.task.wake_by_ref();
        }
    }

    /// Waits for another thread on this one, unless the task was woken while it was polled; whether
    /// it was.
    fn wait(&self) -> bool {
        let waiting = self
            .answered
            .wait_timeout_while(self.state(), WAIT_MAX, |state| {
                !state.answered && !state.woken
            });
        let (mut state, waited) = waiting.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "the replica's lock is held over a wait for something else"
        );
        state.forwards = true;
        state.woken
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let mut state = self.state();
        if thread::current().id() != self.thread {
            state.answered = true;
            self.answered.notify_one();
        } else if state.forwards {
            self.task.wake_by_ref();
        } else {
            state.woken = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn a_wait_for_another_thread_passes_without_the_task_being_put_aside() {
        let busy = Arc::new(AtomicBool::new(true));
        let (answer, answered) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || answer.send(7));
        let held = Arc::clone(&busy);
        let mut work = InPlace::new(
            async move {
                let seven = answered.await;
                held.store(false, Ordering::Relaxed);
                tokio::task::yield_now().await;
                seven
            },
            move || busy.load(Ordering::Relaxed),
        );
        let first = futures::poll!(&mut work);
        assert!(first.is_pending(), "it yields once, after the answer");
        assert_eq!(work.await, Ok(7));
    }
}
