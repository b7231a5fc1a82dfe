//! Which tasks the host has and has not completed. Core cannot shut down while one is open, so when a host
//! gives up a worker or a queue without completing them, they are answered in its place.

use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};

/// The tasks of one kind that the host has, by run id or task token.
#[derive(Default)]
pub struct Tasks(Mutex<HashMap<Vec<u8>, Open>>);

/// What a task is, as far as its completion goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Work to be done.
    Work,
    /// It only says that a run is evicted.
    Eviction,
    /// A local activity of a run.
    LocalActivity { run_id: String },
    /// A request to cancel a Nexus operation.
    NexusCancel,
}

/// A task that the host has.
struct Open {
    /// How often it was given out.
    count: u32,
    nature: Nature,
}

impl Tasks {
    pub fn add(&self, key: Vec<u8>, nature: Nature) {
        let mut tasks = self.0.lock();
        let count = tasks.get(&key).map_or(0, |open| open.count) + 1;
        tasks.insert(key, Open { count, nature });
    }

    /// Takes a task from the host, when it has it.
    pub fn remove(&self, key: &[u8]) -> Option<Nature> {
        let mut tasks = self.0.lock();
        let open = tasks.get_mut(key)?;
        if open.count > 1 {
            open.count -= 1;
            return Some(open.nature.clone());
        }
        tasks.remove(key).map(|open| open.nature)
    }

    /// All that the host still has, by their keys. It has none any more.
    pub fn take(&self) -> impl Iterator<Item = (Vec<u8>, Nature)> {
        self.take_if(|_| true).into_iter()
    }

    /// Those that the host has lost, by their keys.
    pub fn take_if(&self, is_lost: impl Fn(&[u8]) -> bool) -> Vec<(Vec<u8>, Nature)> {
        let mut tasks = self.0.lock();
        let lost = tasks.extract_if(|key, _| is_lost(key));
        lost.map(|(key, open)| (key, open.nature)).collect()
    }
}

/// The runs that the host has in memory, by run id.
#[derive(Default)]
pub struct Runs(Mutex<HashSet<Vec<u8>>>);

impl Runs {
    /// Notes an activation of a run.
    pub fn note(&self, run_id: &[u8], nature: &Nature) {
        let mut runs = self.0.lock();
        if *nature == Nature::Eviction {
            runs.remove(run_id);
        } else if !runs.contains(run_id) {
            runs.insert(run_id.to_vec());
        }
    }

    /// Those that the host has lost.
    pub fn take_if(&self, is_lost: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        self.0.lock().extract_if(|run_id| is_lost(run_id)).collect()
    }
}

/// The tasks of all kinds that the host has.
#[derive(Default)]
pub struct Outstanding {
    pub runs: Runs,
    /// Activations, by run id.
    pub activations: Tasks,
    /// Activities, by task token.
    pub activities: Tasks,
    /// Nexus tasks, by task token.
    pub nexus: Tasks,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_the_hosts_until_it_is_removed_as_often_as_added() {
        let tasks = Tasks::default();
        for key in [b"a", b"a", b"b"] {
            let nature = if key == b"b" { Nature::Eviction } else { Nature::Work };
            tasks.add(key.to_vec(), nature);
        }
        assert_eq!(tasks.remove(b"a"), Some(Nature::Work));
        assert_eq!(tasks.remove(b"a"), Some(Nature::Work));
        assert!(tasks.remove(b"a").is_none());
        assert_eq!(tasks.take().collect::<Vec<_>>(), [(b"b".to_vec(), Nature::Eviction)]);
        assert!(tasks.remove(b"b").is_none());
    }
}
