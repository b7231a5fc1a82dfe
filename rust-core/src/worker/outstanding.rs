//! Which tasks the host has and has not completed. Core cannot shut down while one is open, so when a host
//! gives up a worker or a queue without completing them, they are answered in its place.

use parking_lot::Mutex;
use std::collections::HashMap;

/// The tasks of one kind that the host has, by run id or task token.
#[derive(Default)]
pub struct Tasks(Mutex<HashMap<Vec<u8>, Open>>);

/// A task that the host has.
#[derive(Clone, Copy)]
struct Open {
    /// How often it was given out.
    count: u32,
    /// Whether it only says that a run is evicted.
    is_eviction: bool,
}

impl Tasks {
    pub fn add(&self, key: Vec<u8>, is_eviction: bool) {
        let mut tasks = self.0.lock();
        let open = tasks.entry(key).or_insert(Open { count: 0, is_eviction });
        open.count += 1;
        open.is_eviction = is_eviction;
    }

    /// Takes a task from the host, when it has it: the key, and whether it is an eviction.
    pub fn remove(&self, key: &[u8]) -> Option<(Vec<u8>, bool)> {
        let mut tasks = self.0.lock();
        let open = tasks.get_mut(key)?;
        if open.count > 1 {
            open.count -= 1;
            return Some((key.to_vec(), open.is_eviction));
        }
        tasks.remove_entry(key).map(|(key, open)| (key, open.is_eviction))
    }

    /// All that the host still has, and whether they are evictions. It has none any more.
    pub fn take(&self) -> impl Iterator<Item = (Vec<u8>, bool)> {
        std::mem::take(&mut *self.0.lock())
            .into_iter()
            .map(|(key, open)| (key, open.is_eviction))
    }
}

/// The tasks of all kinds that the host has.
#[derive(Default)]
pub struct Outstanding {
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
            tasks.add(key.to_vec(), key == b"b");
        }
        assert!(tasks.remove(b"a").is_some());
        assert_eq!(tasks.remove(b"a"), Some((b"a".to_vec(), false)));
        assert!(tasks.remove(b"a").is_none());
        assert_eq!(tasks.take().collect::<Vec<_>>(), [(b"b".to_vec(), true)]);
        assert!(tasks.remove(b"b").is_none());
    }
}
