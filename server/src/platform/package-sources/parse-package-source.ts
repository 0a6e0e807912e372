import { SamovarError } from '../../kernel/errors.ts';

export type ParsedSource =
  | { readonly kind: 'pypi'; readonly name: string; readonly version: string; readonly file: string }
  | { readonly kind: 'npm'; readonly name: string; readonly version: string }
  | {
      readonly kind: 'maven';
      readonly group: string;
      readonly artifact: string;
      readonly version: string;
      readonly classifier: string | null;
    }
  | { readonly kind: 'url'; readonly url: URL }
  | { readonly kind: 'file'; readonly url: URL };

const word = '[A-Za-z0-9][A-Za-z0-9._-]*';
const version = '[A-Za-z0-9][A-Za-z0-9._+!-]*';
const pypi = new RegExp(`^pypi:(${word})@(${version})(?:/([A-Za-z0-9][A-Za-z0-9._+-]*))?$`);
const npm = new RegExp(`^npm:((?:@${word}/)?${word})@(${version})$`);
const maven = new RegExp(`^maven:(${word}):(${word}):(${version})(?::(${word}))?$`);

/** Takes a source apart; throws `model.source_invalid`. `pypi:` without a file means the source distribution. */
export function parsePackageSource(source: string): ParsedSource {
  const [, pypiName, pypiVersion, file] = pypi.exec(source) ?? [];
  if (pypiName && pypiVersion)
    return { kind: 'pypi', name: pypiName, version: pypiVersion, file: file ?? 'sdist' };
  const [, npmName, npmVersion] = npm.exec(source) ?? [];
  if (npmName && npmVersion) return { kind: 'npm', name: npmName, version: npmVersion };
  const [, group, artifact, mavenVersion, classifier] = maven.exec(source) ?? [];
  if (group && artifact && mavenVersion)
    return { kind: 'maven', group, artifact, version: mavenVersion, classifier: classifier ?? null };
  const url = URL.canParse(source) ? new URL(source) : null;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return { kind: 'url', url };
  if (url?.protocol === 'file:') return { kind: 'file', url };
  throw new SamovarError('model.source_invalid', {
    params: { source: url?.password ? url.protocol : source, reason: 'its form is not known' },
  });
}
