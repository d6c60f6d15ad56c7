import { Command } from 'commander';
import { adoptCommand } from './adopt.ts';
import { checkCommand } from './check.ts';
import { conformanceCommand } from './conformance.ts';
import { demoCommand } from './demo.ts';
import { explainCommand } from './explain.ts';
import { forgetCommand } from './forget.ts';
import { getCommand } from './get.ts';
import { logoutCommand, pauseCommand, resumeCommand } from './interventions.ts';
import { importCommand } from './import.ts';
import { loginCommand } from './login.ts';
import { planCommand } from './plan.ts';
import { refreshCommand } from './refresh.ts';
import { reloadCommand } from './reload.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';

/** The whole command line; it throws where it would end the process. */
export function makeProgram(version: string): Command {
  const program = new Command('token-refresher')
    .description('Keeps the access tokens of many broker accounts fresh in Redis.')
    .version(version)
    .showHelpAfterError('Run "token-refresher --help" to see every command.')
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => `${command.name()} ${command.usage()}`.trim(),
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  token-refresher demo                        see it work, nothing to configure
  token-refresher check                       is my configuration right?
  token-refresher check --login USER_000000   the first real login of an account
  token-refresher                             serve
  token-refresher status --watch              how is every account?
  token-refresher explain NAME                why is one as it is, and what is next?
  token-refresher get USER_000000             the live token of an account
  token-refresher login NAME                  log a person in, or show where to approve
  token-refresher pause NAME --for 2h         no refresh for two hours
  token-refresher plan                        do the brokers' limits carry them all?

Each command says more with --help: token-refresher refresh --help. All of it: docs/cli.md.

Exit codes: 0 done, 1 it failed, 2 wrong usage or configuration.`,
    );
  for (const command of [
    runCommand,
    demoCommand,
    checkCommand,
    statusCommand,
    explainCommand,
    getCommand,
    refreshCommand,
    reloadCommand,
    planCommand,
    conformanceCommand,
    loginCommand,
    adoptCommand,
    pauseCommand,
    resumeCommand,
    logoutCommand,
    forgetCommand,
    importCommand,
  ]) {
    program.addCommand(command(version).exitOverride(), { isDefault: command === runCommand });
  }
  return program;
}
