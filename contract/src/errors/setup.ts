import { defineErrors } from '../error-entry.ts';

/** What can keep Samovar from starting: one clear sentence and its remedy, and a non-zero exit. */
export const setupErrors = defineErrors({
  'setup.setting_invalid': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The setting {name} from {source} is not valid: {reason}',
    remedy: 'Correct it; `samovar config` lists every setting with its source.',
  },
  'setup.port_in_use': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'Port {port} on {host} is already in use.',
    remedy: 'Stop the program that uses it, or choose another port with {setting}.',
  },
  'setup.port_unusable': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The address {host}, port {port}, cannot be listened on: {reason}',
    remedy:
      'Choose an address of this machine with `--host` or SAMOVAR_HOST, and a port that this user may open (above 1023 without special rights).',
  },
  'setup.tls_unusable': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The TLS certificate {certFile} with the key {keyFile} cannot be used: {reason}.',
    remedy:
      'Put a valid PEM certificate and its own key there, or unset SAMOVAR_TLS_CERT_FILE and SAMOVAR_TLS_KEY_FILE.',
  },
  'setup.process_failed': {
    httpStatus: 500,
    grpcStatus: 'INTERNAL',
    message: 'The process `{role}` did not start: {reason}',
    remedy: 'Read its log at {log}; `samovar doctor` checks the machine.',
  },
  'setup.folder_not_writable': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The folder {path} cannot be written: {reason}',
    remedy:
      'Give this user the right to write there, or choose another folder with `--data` or SAMOVAR_DATA.',
  },
  'setup.disk_full': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The disk that holds {path} has {freeMegabytes} MB free, and {neededMegabytes} MB are needed.',
    remedy: 'Free some space, or choose a folder on another disk with `--data` or SAMOVAR_DATA.',
  },
  'setup.data_damaged': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The file {path} of the data folder cannot be used: {reason}.',
    remedy:
      'Put it back from a backup of the data folder; docs/operations.md tells what each file is for, and what to do without a backup.',
  },
  'setup.newer_data': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The data was written by a newer Samovar ({found}); this one is {own}.',
    remedy: 'Update this checkout, or point SAMOVAR_DATA or SAMOVAR_POSTGRES_URL at other data.',
  },
  'setup.postgres_unreachable': {
    httpStatus: 500,
    grpcStatus: 'UNAVAILABLE',
    message: 'PostgreSQL at {address} cannot be reached: {reason}',
    remedy: 'Check SAMOVAR_POSTGRES_URL, the network and the server.',
  },
  'setup.postgres_too_old': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'PostgreSQL at {address} has version {found}, and {needed} or newer is needed.',
    remedy: 'Update the server, or unset SAMOVAR_POSTGRES_URL to use the embedded one.',
  },
  'setup.postgres_failed': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The embedded PostgreSQL did not start: {reason}',
    remedy: 'Read its log at {log}; `samovar doctor` checks the machine.',
  },
  'setup.object_store_unreachable': {
    httpStatus: 500,
    grpcStatus: 'UNAVAILABLE',
    message: 'The object store {address} cannot be used: {reason}',
    remedy: 'Check the SAMOVAR_S3_* settings, the network and the bucket.',
  },
  'setup.already_running': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'Samovar already runs on this data folder (process {pid}).',
    remedy: '`samovar status` shows it; `samovar down` stops it.',
  },
  'setup.tool_missing': {
    httpStatus: 500,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The program `{tool}` is needed to build {what}, and it is not installed.',
    remedy: 'Install it; on Debian: `apt-get install git cmake ninja-build g++`.',
  },
  'setup.build_failed': {
    httpStatus: 500,
    grpcStatus: 'INTERNAL',
    message: 'Building {what} failed in `{command}`:\n{log}',
    remedy: 'The end of the log says why; a full disk and a missing compiler are the usual causes.',
  },
});
