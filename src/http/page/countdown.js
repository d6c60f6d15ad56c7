const HOUR_MS = 3_600_000;

/** Time left in words, two units at most; shared by the server and the page so that both say the same. */
export function countdown(leftMs) {
  const seconds = Math.max(0, Math.floor(leftMs / 1000));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86400),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60),
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/**
 * How a token's time left looks: well over 3 h, or over half its life where that is short; in trouble in its last
 * hour, or in the last sixth of its life, when it should long have been replaced.
 */
export function lifeTone(leftMs, lifeMs) {
  if (leftMs <= 0) return 'gone';
  if (leftMs > 3 * HOUR_MS || leftMs > lifeMs / 2) return 'good';
  return leftMs > Math.min(HOUR_MS, lifeMs / 6) ? 'waiting' : 'bad';
}
