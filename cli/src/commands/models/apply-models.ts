import type { Command } from 'commander';
import type { ApiClient } from '../../api-client.ts';
import { CommandError, exitStatus } from '../../command-error.ts';
import type { PlanAnswer, PlanItemAnswer } from '../../models/apply-answers.ts';
import { applySet, planFor } from '../../models/apply-set.ts';
import { type ManifestFolder, readManifestFolder } from '../../models/manifest-folder.ts';
import { hasWork, showPlan, termsText } from '../../models/show-plan.ts';
import { tellWhile } from '../../models/tell-while.ts';
import { agrees, isTerminal } from '../../output/ask-terminal.ts';
import { printJson } from '../../output/print-json.ts';
import { printLine, printNews } from '../../output/print-line.ts';
import { addServerOptions, clientFor, type Options } from '../../server-options.ts';

interface ApplyOptions extends Options {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly acceptLicense?: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

const place =
  'a folder of manifests with their files, one manifest, or s3://bucket/prefix, which the server reads itself';

/** `samovar models plan`. */
export function definePlan(command: Command): void {
  addServerOptions(command)
    .requiredOption('-f, --file <folder>', place)
    .option('--json', 'print JSON')
    .action(async (_given: ApplyOptions, command: Command) => {
      const options = command.optsWithGlobals<ApplyOptions>();
      const plan = await firstPlan(clientFor(options), readManifestFolder(options.file));
      if (options.json) printJson(plan);
      else showPlan(plan);
      refuseRefused(plan);
    });
}

/** `samovar models apply`. */
export function defineApply(command: Command): void {
  addServerOptions(command)
    .requiredOption('-f, --file <folder>', place)
    .option('--dry-run', 'only show what would be done')
    .option('--yes', 'do not ask')
    .option('--accept-license', 'accept the terms of these models, whatever they are; recorded with your key')
    .option('--detach', 'return before the files are fetched')
    .option('--json', 'print JSON')
    .action(async (_given: ApplyOptions, command: Command) => {
      const options = command.optsWithGlobals<ApplyOptions>();
      const client = clientFor(options);
      const folder = readManifestFolder(options.file);
      const plan = await firstPlan(client, folder);
      if (!options.json) showPlan(plan);
      if (options.dryRun || !hasWork(plan)) {
        if (options.json) printJson(plan);
        refuseRefused(plan);
        return;
      }
      if (!options.yes) await confirm();
      const acceptLicense = options.acceptLicense === true || (await askForTerms(plan, options.yes === true));
      const done = await applySet(client, folder, plan, { acceptLicense, detach: options.detach === true });
      if (options.json) printJson(done);
      tellOutcome(done, options);
    });
}

async function firstPlan(client: ApiClient, folder: ManifestFolder): Promise<PlanAnswer> {
  const { source, documents = [] } = folder.body;
  const what = source ?? `${documents.length} documents`;
  return await tellWhile(planFor(client, folder), { howFar: () => `comparing ${what} with what is here` });
}

/** Throws a CommandError where something was not applied. */
function tellOutcome({ items }: PlanAnswer, options: ApplyOptions): void {
  const failed = items.filter(({ failure }) => failure !== null);
  for (const { kind, name, failure } of failed)
    if (failure !== null)
      printNews(
        `${kind} ${name}: ${failure.message}\n  ${failure.retried ? 'It is tried again.' : failure.remedy}`,
      );
  const waiting = options.detach ? [] : items.filter(waits);
  for (const { kind, name } of waiting) printNews(`${kind} ${name}: waits until what it is about is ready.`);
  const short = failed.length + waiting.length;
  if (short > 0)
    throw new CommandError(
      `${short} of ${items.length} are not as declared.`,
      'The reasons stand above; what they do not concern was applied. Applying once more goes on with the rest.',
    );
  if (!options.json)
    printLine(
      options.detach ? 'Asked for; `samovar models` shows the progress.' : 'Everything is as declared.',
    );
}

function waits({ action, failure }: PlanItemAnswer): boolean {
  return action === 'later' && failure === null;
}

/** Throws a CommandError where a plan says already that something cannot be as it is declared. */
function refuseRefused({ items }: PlanAnswer): void {
  const refused = items.filter(
    ({ action, terms, failure }) =>
      action === 'refused' || (action === 'fetch' && terms === null && failure?.retried === false),
  );
  if (refused.length > 0)
    throw new CommandError(
      `${refused.length} of ${items.length} cannot be as declared.`,
      'The reasons stand with them; `models apply` does what they do not concern.',
    );
}

async function confirm(): Promise<void> {
  if (!isTerminal())
    throw new CommandError('Nothing was done.', 'Say `--yes` to apply this plan.', exitStatus.usage);
  if (!(await agrees('Apply this?')))
    throw new CommandError('Nothing was done.', 'The plan is still as it was.');
}

/** Where nobody answers, models whose terms are open are refused by the server, with their terms. */
async function askForTerms({ items }: PlanAnswer, unasked: boolean): Promise<boolean> {
  const open = items.flatMap(({ name, terms }) => (terms === null ? [] : [`  ${name}: ${termsText(terms)}`]));
  if (open.length === 0 || unasked || !isTerminal()) return false;
  printNews(`These come under terms that must be accepted:\n${open.join('\n')}`);
  return await agrees('Do you accept them?');
}
