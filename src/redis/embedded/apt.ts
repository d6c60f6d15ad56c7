import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type CommandOptions } from './command.ts';

/** Where apt puts what, all of it below one folder of ours: nothing of the system's is written. */
const configuration = (dir: string): string => `
// Hooks of the system (cache cleaners, app stores) are not ours to run.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
// Package lists only: desktops also fetch icons, translations and file lists, many times the size.
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  flatDescription "$(RELEASE) Packages";
  Optional "0";
};
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::State "${dir}/state";
Dir::State::lists "${dir}/state/lists";
Dir::Cache "${dir}/cache";
Dir::Cache::archives "${dir}/cache/archives";
Dir::Log "${dir}";
Debug::NoLocking "1";
// The download user of apt cannot enter a private folder.
APT::Sandbox::User "root";
`;

export interface AptFetch {
  /** The package. */
  readonly name: string;
  /** Where the files end up, as below `/`; replaced where it is there. */
  readonly into: string;
  readonly env: CommandOptions['env'];
}

/** True on Debian, Ubuntu and what descends from them. */
export async function hasApt(env: CommandOptions['env']): Promise<boolean> {
  const tools = ['apt-get', 'dpkg-deb'].map((tool) => run(tool, ['--version'], { env, timeoutMs: 10_000 }));
  return (await Promise.all(tools)).every((tool) => tool.ok);
}

/**
 * Gets a package and the libraries that this system lacks from its own package sources, checked by
 * apt as ever, and unpacks them into a folder. Needs no root and installs nothing. One at a time.
 * Resolves to undefined, or to what went wrong in apt's words.
 */
export async function fetchWithApt({ name, into, env }: AptFetch): Promise<string | undefined> {
  // Beside the target, so that the last step is one rename: a reader sees all of it or nothing.
  const work = await mkdtemp(`${into}.`);
  try {
    const config = join(work, 'apt.conf');
    await mkdir(join(work, 'state/lists/partial'), { recursive: true });
    await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
    await writeFile(config, configuration(work));
    const apt = (...args: string[]) =>
      run('apt-get', ['-c', config, '-q', '-y', ...args], {
        env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
        timeoutMs: 5 * 60_000,
      });
    // One dead third-party source fails the whole update, and what we need may be there all the same.
    const update = await apt('update');
    const install = await apt('--no-install-recommends', '--download-only', 'install', name);
    if (!install.ok) return explain(install.stderr + update.stderr);
    const failed = await unpack(work, env);
    if (failed !== undefined) return failed;
    // What is there does not run any more, or nobody would have asked.
    await rename(into, join(work, 'old')).catch(() => undefined);
    await rename(join(work, 'tree'), into);
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function unpack(work: string, env: CommandOptions['env']): Promise<string | undefined> {
  const tree = join(work, 'tree');
  await mkdir(tree);
  const archives = join(work, 'cache/archives');
  for (const file of (await readdir(archives)).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await run('dpkg-deb', ['-x', join(archives, file), tree], { env, timeoutMs: 60_000 });
    if (!unpacked.ok) return `dpkg-deb could not unpack ${file}`;
  }
  return undefined;
}

/** apt's own errors, in one line, without the password of a proxy. */
function explain(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('E:'));
  const told = [...new Set(lines)].slice(0, 2).join(' ');
  return told.replace(/\/\/[^/@\s]*@/g, '//') || 'apt-get failed';
}

/** What this system calls itself, e.g. `Debian`. */
export async function distributionName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^NAME="?(\w+)/m.exec(release)?.[1] ?? 'the system';
}
