import type { Command } from 'commander';
import { exitStatus } from '../command-error.ts';
import { runChecks } from '../doctor/checks.ts';
import { printJson } from '../output/print-json.ts';
import { printLine } from '../output/print-line.ts';
import { addSettingOptions, settingFlags } from '../setting-options.ts';
import { readSettings } from '../settings.ts';

const marks = { ok: 'ok  ', note: 'note', warn: 'warn', fail: 'FAIL' } as const;

/** `samovar doctor`. Exits with 1 when something would keep Samovar from running. */
export function define(command: Command): void {
  addSettingOptions(command, ['data', 'host', 'port'])
    .option('--network', 'also call the package registries that models come from')
    .option('--json', 'print JSON')
    .action(
      async (options: { readonly json?: boolean; readonly network?: boolean } & Record<string, unknown>) => {
        const findings = await runChecks(readSettings(settingFlags(options)), options.network === true);
        if (options.json) printJson({ items: findings });
        else
          for (const finding of findings) {
            printLine(`${marks[finding.state]}  ${finding.name}: ${finding.detail}`);
            if (finding.remedy !== null) printLine(`      ${finding.remedy}`);
          }
        if (findings.some((finding) => finding.state === 'fail')) process.exitCode = exitStatus.failed;
      },
    );
}
