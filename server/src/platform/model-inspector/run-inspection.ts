import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { compareAdapter } from '../../formats/adapters/compare-adapter.ts';
import { defaultArchiveLimits, isInside } from '../../formats/archives/archive-limits.ts';
import { unpackArchive } from '../../formats/archives/unpack-archive.ts';
import { type FileSource, openFileSource } from '../../formats/bytes/byte-source.ts';
import { inspectFiles } from '../../formats/facts/inspect-files.ts';
import { type TryTemplate, tryChatTemplate } from '../../formats/facts/try-chat-template.ts';
import { refusal } from '../../formats/refuse-files.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { InspectionAnswer, InspectionOrder } from './inspection-messages.ts';

/** Does in this process what the order says; never throws. `tryTemplate` renders a chat template as engines do. */
export async function runInspection(
  order: InspectionOrder,
  tryTemplate: TryTemplate,
): Promise<InspectionAnswer> {
  try {
    if (order.kind === 'inspect')
      return { kind: 'inspected', inspection: await inspectFolder(order, tryTemplate) };
    if (order.kind === 'compare-adapter')
      return { kind: 'compared', misfit: await misfitOf(order.adapter, order.base) };
    const { totalBytes, ...task } = order;
    const limits = { ...defaultArchiveLimits, totalBytes };
    const paths = await unpackArchive({ ...task, limits, signal: new AbortController().signal });
    return { kind: 'unpacked', paths };
  } catch (error) {
    if (error instanceof SamovarError && error.code === 'model.refused')
      return { kind: 'refused', reason: String(error.params.reason) };
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error), code };
  }
}

async function inspectFolder(
  { folder, paths }: Extract<InspectionOrder, { kind: 'inspect' }>,
  tryTemplate: TryTemplate,
) {
  const root = await realpath(folder);
  await using opened = new AsyncDisposableStack();
  const sources: FileSource[] = [];
  for (const path of paths) sources.push(opened.use(await openFileSource(await placeOf(root, path), path)));
  return await tryChatTemplate(await inspectFiles(sources), sources, tryTemplate);
}

async function misfitOf(adapter: string, base: string): Promise<string | null> {
  await using adapterFile = await openFileSource(adapter, 'the adapter');
  await using baseFile = await openFileSource(base, 'the base');
  try {
    await compareAdapter(adapterFile, baseFile);
    return null;
  } catch (error) {
    if (error instanceof SamovarError && error.code === 'model.adapter_misfit')
      return String(error.params.reason);
    throw error;
  }
}

/** The file of a path. Links are not followed, wherever in the path they stand. */
async function placeOf(root: string, path: string): Promise<string> {
  const shown = JSON.stringify(path.slice(0, 200));
  if (!isInside(path)) throw refusal(`the path ${shown} leaves its folder`);
  const place = join(root, ...path.split('/'));
  const found = await lstat(place).catch((error: unknown) => {
    throw refusal(`${shown} cannot be read`, error);
  });
  if (!found.isFile()) throw refusal(`${shown} is no file`);
  if ((await realpath(place)) !== place || !place.startsWith(root + sep))
    throw refusal(`${shown} leads out of its folder by a link`);
  return place;
}
