/** How many at once, and how fast the room for them comes back. */
export interface Rate {
  readonly burst: number;
  readonly perMinute: number;
}

/** `retryMs`: when there is room again; 0 where there was. `first`: the first refusal since there was room. */
export interface Taken {
  readonly retryMs: number;
  readonly first: boolean;
}

/** Counts by key, e.g. an address, each with a bucket of its own. */
export interface Buckets {
  take(key: string, now: number): Taken;
  /** How long until there is room, ms; takes nothing. */
  wait(key: string, now: number): number;
  /** What was taken was no offence after all. */
  giveBack(key: string): void;
  /** How many keys are kept. */
  readonly size: number;
}

interface Bucket {
  readonly left: number;
  readonly at: number;
  readonly refused: boolean;
}

/** More keys than this are an attack; the one not heard of for longest is forgotten then, so that memory stays bounded. */
const MOST_KEYS = 10_000;

/** Token buckets, in memory: each process counts for itself, and a restart begins anew. */
export function makeBuckets({ burst, perMinute }: Rate): Buckets {
  const buckets = new Map<string, Bucket>();
  const msEach = 60_000 / perMinute;

  const look = (key: string, now: number): Bucket => {
    const { left, at, refused } = buckets.get(key) ?? { left: burst, at: now, refused: false };
    return { left: Math.min(burst, left + Math.max(0, now - at) / msEach), at: now, refused };
  };
  const waitOf = ({ left }: Bucket): number => (left >= 1 ? 0 : Math.ceil((1 - left) * msEach));
  /** The last one used stands last. */
  const keep = (key: string, bucket: Bucket): void => {
    buckets.delete(key);
    const [oldest] = buckets.keys();
    if (buckets.size >= MOST_KEYS && oldest !== undefined) buckets.delete(oldest);
    buckets.set(key, bucket);
  };

  return {
    take(key, now) {
      const bucket = look(key, now);
      const retryMs = waitOf(bucket);
      if (retryMs === 0) keep(key, { left: bucket.left - 1, at: now, refused: false });
      else keep(key, { ...bucket, refused: true });
      return { retryMs, first: retryMs > 0 && !bucket.refused };
    },
    wait: (key, now) => waitOf(look(key, now)),
    giveBack(key) {
      const bucket = buckets.get(key);
      if (bucket) keep(key, { ...bucket, left: Math.min(burst, bucket.left + 1) });
    },
    get size() {
      return buckets.size;
    },
  };
}
