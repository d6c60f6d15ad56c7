/** PXAT, which every token is written with, is younger than 6.0. */
export const oldestVersion = '6.2';

/** @param version as servers say it: `7.0.15` */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestVersion.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
