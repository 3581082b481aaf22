//! A ring of fixed-width time buckets with an overflow heap: the best set for large runs.
//!
//! An event within the horizon is appended, unsorted, to its bucket; a bucket is sorted once, when it becomes current. Events
//! beyond the horizon wait in a heap, late ones (into the current bucket) in another. Each event is thus moved twice and
//! compared about log2(bucket size) times, with sequential memory access throughout.
//!
//! Buckets are chains of small chunks from one pool, so a pending event costs the bytes of its entry and not the slack of thousands
//! of growing vectors; and an entry leaves out what its bucket says anyway ([`Filed`]). Rejected: one vector per bucket (twice the
//! memory), linked single entries (a cache miss each), a calendar that resizes itself (its worst case arrives when the load
//! changes, which is what attacks do).

use astrarium_node::Time;

use super::heap::Heap;
use super::{Entry, Item, PendingSet};
use crate::key::Key;

/// A bucket spans 2^18 ns = 262 µs. Measured with PHOLD: half the width costs 11 % at 10^3 pending (more, emptier buckets); four times the
/// width gains 14 % there and loses 5 % at 10^5, but sends what is due within a millisecond through the heap of late events, and real
/// protocols on local networks have many such.
const WIDTH_BITS: u32 = 18;
/// So many buckets: a horizon of 2.1 s.
const BUCKETS: usize = 1 << 13;
/// Words of the occupancy map.
const WORDS: usize = BUCKETS / 64;
/// Entries per chunk.
const CHUNK: usize = 16;
/// Chunks per segment of storage: 24 KiB.
const SEGMENT: usize = 64;
/// No chunk.
const NIL: u32 = u32::MAX;

/// Pending events in a bucketed ring.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Absolute number of the current bucket (time >> WIDTH_BITS).
    cursor: u64,
    /// The current bucket as it was filed.
    current: Vec<Filed>,
    /// What is left of the current bucket, latest first, so the next event is popped from the end.
    order: Vec<Place>,
    /// Events pushed into the current bucket after it was sorted.
    late: Heap,
    /// Events beyond the horizon.
    far: Heap,
    /// Bucket number of the first of them; `u64::MAX` = none.
    far_first: u64,
    // Arrays, not vectors: an index modulo their length needs no bounds check.
    buckets: Box<[Bucket; BUCKETS]>,
    /// One bit per bucket that holds something.
    occupied: Box<[u64; WORDS]>,
    pool: Pool,
    len: usize,
}

/// A chain of chunks; all but the first are full.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    first: u32,
    /// Entries in the first chunk; an empty bucket counts as full, so that the next entry takes a chunk.
    fill: u32,
}

impl Bucket {
    const EMPTY: Self = Self { first: NIL, fill: CHUNK as u32 };
}

/// An entry as it lies in a bucket, in 24 bytes: the bucket's number gives the upper half of the time, and an item's first word has
/// none.
#[derive(Debug, Clone, Copy)]
struct Filed {
    tie: u64,
    rest: u64,
    head: u32,
    /// Lower 32 bits of the time: 4.3 s, twice the horizon.
    time: u32,
}

impl Filed {
    const NONE: Self = Self { tie: 0, rest: 0, head: 0, time: 0 };

    #[inline(always)]
    fn of(key: Key, [head, rest]: Item) -> Self {
        debug_assert!(head <= u64::from(u32::MAX), "an item's first word is 32 bits long");
        Self { tie: key.tie(), rest, head: head as u32, time: key.time().as_nanos() as u32 }
    }

    /// The entry, given the bucket it lay in.
    #[inline(always)]
    fn entry(self, number: u64) -> Entry {
        let begin = number << WIDTH_BITS;
        let time = begin + u64::from(self.time.wrapping_sub(begin as u32));
        Entry { key: Key::from_parts(time, self.tie), item: [u64::from(self.head), self.rest] }
    }
}

/// Where an entry of the current bucket lies, and when it is due: nanoseconds since the bucket began in the upper half, index in the
/// lower. One word, because sorting words takes less than half the time of sorting entries; those of one nanosecond are
/// told apart afterwards ([`Ring::settle_ties`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64);

impl Place {
    #[inline(always)]
    fn offset(self) -> u64 {
        self.0 >> 32
    }

    #[inline(always)]
    fn index(self) -> usize {
        self.0 as u32 as usize
    }
}

/// Storage of all chunks, with the unused ones in a chain of their own. Grows by the segment: nothing is moved, and nothing
/// stands empty but the rest of the last segment.
#[derive(Debug, Clone)]
struct Pool {
    segments: Vec<Box<[[Filed; CHUNK]; SEGMENT]>>,
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
        if self.next.len() == self.segments.len() * SEGMENT {
            self.segments.push(Box::new([[Filed::NONE; CHUNK]; SEGMENT]));
            self.next.reserve_exact(SEGMENT);
        }
        self.next.push(NIL);
        chunk
    }

    fn give_back(&mut self, chunk: u32) {
        self.next[chunk as usize] = self.free;
        self.free = chunk;
    }

    #[inline(always)]
    fn chunk(&self, chunk: u32) -> &[Filed; CHUNK] {
        &self.segments[chunk as usize / SEGMENT][chunk as usize % SEGMENT]
    }

    #[inline(always)]
    fn chunk_mut(&mut self, chunk: u32) -> &mut [Filed; CHUNK] {
        &mut self.segments[chunk as usize / SEGMENT][chunk as usize % SEGMENT]
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            cursor: 0,
            current: Vec::new(),
            order: Vec::new(),
            late: Heap::default(),
            far: Heap::default(),
            far_first: u64::MAX,
            buckets: Box::new([Bucket::EMPTY; BUCKETS]),
            occupied: Box::new([0; WORDS]),
            pool: Pool { segments: Vec::new(), next: Vec::new(), free: NIL },
            len: 0,
        }
    }
}

impl Ring {
    /// Files an entry whose bucket lies after the current one and within the horizon.
    #[inline(always)]
    fn file(&mut self, number: u64, key: Key, item: Item) {
        let index = number as usize % BUCKETS;
        let bucket = &mut self.buckets[index];
        if bucket.fill as usize == CHUNK {
            let chunk = self.pool.take();
            self.pool.next[chunk as usize] = bucket.first;
            *bucket = Bucket { first: chunk, fill: 0 };
            self.occupied[index / 64] |= 1 << (index % 64);
        }
        self.pool.chunk_mut(bucket.first)[bucket.fill as usize % CHUNK] = Filed::of(key, item);
        bucket.fill += 1;
    }

    /// Puts an entry beyond the horizon.
    #[cold]
    fn put_far(&mut self, key: Key, item: Item) {
        self.far_first = self.far_first.min(number(key));
        self.far.push(key, item);
    }

    /// Number of the next occupied bucket after the current one, within the horizon; `u64::MAX` = none.
    #[inline]
    fn next_occupied(&self) -> u64 {
        let start = (self.cursor as usize + 1) % BUCKETS;
        // The first word from `start` on; then the others, with the first again at the end for the part before `start`.
        let bits = self.occupied[start / 64] >> (start % 64);
        if bits != 0 {
            return self.cursor + 1 + u64::from(bits.trailing_zeros());
        }
        for turn in 1..=WORDS {
            let word = (start / 64 + turn) % WORDS;
            let bits = self.occupied[word];
            if bits != 0 {
                let index = word * 64 + bits.trailing_zeros() as usize;
                return self.cursor + 1 + (index.wrapping_sub(start) % BUCKETS) as u64;
            }
        }
        u64::MAX
    }

    /// Makes the next non-empty bucket current; false when nothing is pending.
    #[inline]
    fn advance(&mut self) -> bool {
        let next = self.next_occupied().min(self.far_first);
        if next == u64::MAX {
            return false;
        }
        self.cursor = next;
        if self.far_first < next.saturating_add(BUCKETS as u64) {
            self.draw_near();
        }
        self.load(next);
        true
    }

    /// Files the far events that the horizon has reached.
    #[cold]
    fn draw_near(&mut self) {
        while self.far_first < self.cursor.saturating_add(BUCKETS as u64) {
            if let Some(entry) = self.far.pop() {
                self.file(number(entry.key), entry.key, entry.item);
            }
            self.far_first = self.far.peek().map_or(u64::MAX, |entry| number(entry.key));
        }
    }

    /// Empties a bucket into `current`, and sorts it.
    #[inline]
    fn load(&mut self, number: u64) {
        let index = number as usize % BUCKETS;
        let Bucket { first, fill } = std::mem::replace(&mut self.buckets[index], Bucket::EMPTY);
        self.occupied[index / 64] &= !(1 << (index % 64));
        let (mut chunk, mut fill) = (first, fill as usize);
        self.current.clear();
        while chunk != NIL {
            self.current.extend_from_slice(&self.pool.chunk(chunk)[..fill]);
            let next = self.pool.next[chunk as usize];
            self.pool.give_back(chunk);
            (chunk, fill) = (next, CHUNK);
        }
        let begin = (number << WIDTH_BITS) as u32;
        let place = |(index, filed): (usize, &Filed)| {
            Place(u64::from(filed.time.wrapping_sub(begin)) << 32 | index as u64)
        };
        self.order.extend(self.current.iter().enumerate().map(place));
        if self.order.len() > 1 {
            self.order.sort_unstable_by(|a, b| b.cmp(a));
            self.settle_ties();
        }
    }

    /// Puts the entries of one nanosecond in order.
    #[inline]
    fn settle_ties(&mut self) {
        let (order, current) = (&mut self.order, &self.current);
        for run in order.chunk_by_mut(|a, b| a.offset() == b.offset()) {
            if run.len() > 1 {
                run.sort_unstable_by_key(|place| std::cmp::Reverse(current[place.index()].tie));
            }
        }
    }

    /// The next entry of the current bucket.
    #[inline(always)]
    fn sorted(&self) -> Option<Entry> {
        self.order.last().map(|place| self.current[place.index()].entry(self.cursor))
    }
}

#[inline]
fn number(key: Key) -> u64 {
    key.time().as_nanos() >> WIDTH_BITS
}

impl PendingSet for Ring {
    #[inline(always)]
    fn push(&mut self, key: Key, item: Item) {
        let number = number(key);
        self.len += 1;
        if number <= self.cursor {
            self.late.push(key, item);
        } else if number < self.cursor + BUCKETS as u64 {
            self.file(number, key, item);
        } else {
            self.put_far(key, item);
        }
    }

    #[inline(always)]
    fn pop_until(&mut self, limit: Time) -> Option<Entry> {
        match self.sorted() {
            Some(entry) if self.late.is_empty() => {
                if entry.key.time() > limit {
                    return None;
                }
                self.order.pop();
                self.len -= 1;
                Some(entry)
            }
            _ => self.pop_beside(limit),
        }
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Ring {
    /// The event that will most likely be popped next, if it is known without work.
    #[inline(always)]
    pub(super) fn upcoming(&self) -> Option<Entry> {
        self.sorted()
    }

    /// The current bucket is empty, or events came into it late.
    #[inline(never)]
    fn pop_beside(&mut self, limit: Time) -> Option<Entry> {
        loop {
            let next = match (self.sorted(), self.late.peek()) {
                (Some(sorted), Some(late)) if late.key < sorted.key => late.key,
                (Some(entry), _) => {
                    if entry.key.time() > limit {
                        return None;
                    }
                    self.order.pop();
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
}
