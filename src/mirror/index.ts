export type { AccountChange, Change, GenerationChange, NetworkChange } from './changes.ts';
export type { Disk, Found } from './disk.ts';
export type { MirrorSeal } from './folder.ts';
export type { FailedSignIn, HeldAnswer, KeyWord, Quiet, Said } from './mirror.ts';
export { openMirror, type Mirror, type MirrorOptions } from './open.ts';
export type { HeldGrant, MirroredAccount, MirroredNetwork } from './recall.ts';
