//! A ring of fixed-width time buckets with an overflow heap: the best set for large runs.
//!
//! An event within the horizon is appended, unsorted, to its bucket; a bucket is sorted once, when it becomes current. Events
//! beyond the horizon wait in a heap, late ones (into the current bucket) in another. Each event is thus moved twice and
//! compared about log2(bucket size) times, with sequential memory access throughout.
//!
//! Buckets are chains of small chunks from one pool, so a pending event costs its 32 bytes and not the slack of thousands
//! of growing vectors. Rejected: one vector per bucket (twice the memory), linked single entries (a cache miss each), a
//! calendar that resizes itself (its worst case arrives when the load changes, which is what attacks do).

use astrarium_node::Time;

use super::heap::Heap;
use super::{Entry, Item, PendingSet};
use crate::key::Key;

/// A bucket spans 2^17 ns = 131 µs.
const WIDTH_BITS: u32 = 17;
/// So many buckets: a horizon of 2.1 s.
const BUCKETS: usize = 1 << 14;
/// Entries per chunk.
const CHUNK: usize = 16;
/// No chunk.
const NIL: u32 = u32::MAX;

/// Pending events in a bucketed ring.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Absolute number of the current bucket (time >> WIDTH_BITS).
    cursor: u64,
    /// The current bucket, latest first, so the next event is popped from the end.
    current: Vec<Entry>,
    /// Events pushed into the current bucket after it was sorted.
    late: Heap,
    /// Events beyond the horizon.
    far: Heap,
    buckets: Vec<Bucket>,
    /// One bit per bucket that holds something.
    occupied: Vec<u64>,
    pool: Pool,
    len: usize,
}

/// A chain of chunks; all but the first are full.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    first: u32,
    /// Entries in the first chunk.
    fill: u32,
}

/// Storage of all chunks, with the unused ones in a chain of their own.
#[derive(Debug, Clone)]
struct Pool {
    entries: Vec<Entry>,
    next: Vec<u32>,
    free: u32,
}

impl Pool {
    fn take(&mut self) -> u32 {
        if self.free != NIL {
            let chunk = self.free;
            self.free = self.next[chunk as usize];
            return chunk;
        }
        let chunk = u32::try_from(self.next.len()).expect("fewer than 2^36 pending events");
        self.next.push(NIL);
        if self.entries.capacity() - self.entries.len() < CHUNK {
            // An eighth at a time: doubling would leave up to half of the memory unused.
            self.entries.reserve_exact((self.entries.len() / 8).max(64 * CHUNK));
        }
        self.entries.resize(self.entries.len() + CHUNK, Entry { key: Key::NEVER, item: [0; 2] });
        chunk
    }

    fn give_back(&mut self, chunk: u32) {
        self.next[chunk as usize] = self.free;
        self.free = chunk;
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            cursor: 0,
            current: Vec::new(),
            late: Heap::default(),
            far: Heap::default(),
            buckets: vec![Bucket { first: NIL, fill: 0 }; BUCKETS],
            occupied: vec![0; BUCKETS / 64],
            pool: Pool { entries: Vec::new(), next: Vec::new(), free: NIL },
            len: 0,
        }
    }
}

impl Ring {
    /// Files an entry whose bucket lies after the current one and within the horizon.
    #[inline]
    fn file(&mut self, number: u64, key: Key, item: Item) {
        let index = number as usize % BUCKETS;
        let bucket = &mut self.buckets[index];
        if bucket.first == NIL || bucket.fill as usize == CHUNK {
            let chunk = self.pool.take();
            self.pool.next[chunk as usize] = bucket.first;
            *bucket = Bucket { first: chunk, fill: 0 };
            self.occupied[index / 64] |= 1 << (index % 64);
        }
        self.pool.entries[bucket.first as usize * CHUNK + bucket.fill as usize] = Entry { key, item };
        bucket.fill += 1;
    }

    /// Number of the next occupied bucket after the current one, within the horizon.
    fn next_occupied(&self) -> Option<u64> {
        let start = (self.cursor as usize + 1) % BUCKETS;
        let words = self.occupied.len();
        // One extra turn: the first word is looked at twice, from `start` on and up to it.
        (0..=words).find_map(|turn| {
            let word = (start / 64 + turn) % words;
            let mask = match turn {
                0 => u64::MAX << (start % 64),
                _ if turn == words => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = self.occupied[word] & mask;
            (bits != 0).then(|| {
                let index = word * 64 + bits.trailing_zeros() as usize;
                self.cursor + 1 + ((index + BUCKETS - start) % BUCKETS) as u64
            })
        })
    }

    /// Makes the next non-empty bucket current; false when nothing is pending.
    fn advance(&mut self) -> bool {
        let far = self.far.peek().map(|entry| number(entry.key));
        let Some(next) = [self.next_occupied(), far].into_iter().flatten().min() else { return false };
        self.cursor = next;
        while self.far.peek().is_some_and(|entry| number(entry.key) < next + BUCKETS as u64) {
            if let Some(entry) = self.far.pop() {
                self.file(number(entry.key), entry.key, entry.item);
            }
        }
        self.load(next as usize % BUCKETS);
        true
    }

    /// Empties a bucket into `current`, sorted.
    fn load(&mut self, index: usize) {
        let Bucket { first, fill } = std::mem::replace(&mut self.buckets[index], Bucket { first: NIL, fill: 0 });
        self.occupied[index / 64] &= !(1 << (index % 64));
        let (mut chunk, mut fill) = (first, fill as usize);
        while chunk != NIL {
            let start = chunk as usize * CHUNK;
            self.current.extend_from_slice(&self.pool.entries[start..start + fill]);
            let next = self.pool.next[chunk as usize];
            self.pool.give_back(chunk);
            (chunk, fill) = (next, CHUNK);
        }
        self.current.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.key));
    }
}

#[inline]
fn number(key: Key) -> u64 {
    key.time().as_nanos() >> WIDTH_BITS
}

impl PendingSet for Ring {
    #[inline]
    fn push(&mut self, key: Key, item: Item) {
        let number = number(key);
        self.len += 1;
        if number <= self.cursor {
            self.late.push(key, item);
        } else if number < self.cursor + BUCKETS as u64 {
            self.file(number, key, item);
        } else {
            self.far.push(key, item);
        }
    }

    #[inline]
    fn pop_until(&mut self, limit: Time) -> Option<Entry> {
        loop {
            let next = match (self.current.last(), self.late.peek()) {
                (Some(sorted), Some(late)) if late.key < sorted.key => late.key,
                (Some(sorted), _) => {
                    let entry = *sorted;
                    if entry.key.time() > limit {
                        return None;
                    }
                    self.current.pop();
                    self.len -= 1;
                    return Some(entry);
                }
                (None, Some(late)) => late.key,
                (None, None) => {
                    if self.advance() {
                        continue;
                    }
                    return None;
                }
            };
            if next.time() > limit {
                return None;
            }
            self.len -= 1;
            return self.late.pop();
        }
    }

    fn len(&self) -> usize {
        self.len
    }
}
