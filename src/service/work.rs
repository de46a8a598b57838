//! [`Desk`]: judging is CPU work; it leaves the async threads, a core each, behind a queue that is never longer than it was made.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::problem::Refusal;

/// Places at the cores and in the queue before them.
#[derive(Debug, Clone)]
pub struct Desk {
    admitted: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

impl Desk {
    pub fn new(cores: usize, waiting: usize) -> Self {
        Self { admitted: Arc::new(Semaphore::new(cores + waiting)), cores: Arc::new(Semaphore::new(cores)) }
    }

    /// Runs the work when a core is free; refuses at once where the queue is full. Work whose caller left before its turn is never begun.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let place = self.admitted.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        self.at_a_core(work, Some(place)).await
    }

    /// Runs the service's own work: it waits for a core however long the queue is, and takes no caller's place in it.
    pub async fn run_patiently<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        self.at_a_core(work, None).await
    }

    async fn at_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) -> Result<T, Refusal> {
        let core = self.cores.clone().acquire_owned().await.map_err(|_| Refusal::Broken("the desk is closed".to_owned()))?;
        // The places go with the work, so that a caller who leaves while it runs frees nothing early.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((core, place));
            result
        });
        done.await.map_err(|error| Refusal::Broken(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_and_an_emptied_one_serves() {
        let desk = Desk::new(1, 1);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let running = tokio::spawn({
            let desk = desk.clone();
            async move { desk.run(move || wait.recv().is_ok()).await }
        });
        let waiting = tokio::spawn({
            let desk = desk.clone();
            async move { desk.run(|| true).await }
        });
        while desk.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(desk.run(|| true).await, Err(Refusal::Busy)));
        release.send(()).expect("the work waits");
        assert!(running.await.expect("no panic").expect("it ran"));
        assert!(waiting.await.expect("no panic").expect("it ran"));
        assert!(desk.run(|| true).await.expect("there is room again"));
        assert!(matches!(desk.run(|| panic!("on purpose")).await, Err::<(), _>(Refusal::Broken(_))));
        assert!(desk.run(|| true).await.expect("a panic frees its place"));
    }
}
