export type SettingKind = 'string' | 'integer' | 'boolean' | 'list' | 'secret';

/** One setting: its name in the environment, in `samovar.yaml` and on the command line, its kind and its default. */
export interface Setting {
  /** `SAMOVAR_…`, or the name that an ecosystem already has for it. */
  readonly env: string;
  /** Path in `samovar.yaml`, for example `s3.bucket`. */
  readonly yaml: string;
  readonly kind: SettingKind;
  /** As text; `null` means unset. `auto` in the description says what happens then. */
  readonly default: string | null;
  readonly description: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** A file or a folder. */
  readonly path?: true;
  /** What an address must look like. */
  readonly address?: 'http' | 'postgres' | 'host-port';
}
