import { chooseFiles } from '../choice/choose-files.ts';
import { downloadFile } from '../download/download-file.ts';
import type { Downloader } from '../download/wanted-file.ts';
import type { SchemeSource } from '../scheme-source.ts';
import type { SourceHttp } from '../source-http.ts';
import { createHubClient } from './hub-client.ts';
import type { HubPlace } from './hub-fault.ts';
import { sourceLicense } from './hub-listing.ts';
import { hubUri, parseHubSource } from './parse-hub-source.ts';

/** `hf:owner/name[@revision][:quantisation][/path]`: models of the hub, or of a mirror that speaks its protocol. */
export function createHubSource(http: SourceHttp, place: HubPlace, downloader: Downloader): SchemeSource {
  const hub = createHubClient(http, place, downloader.limits.patience);
  return {
    async resolve(uri, signal) {
      const source = parseHubSource(uri);
      const repository = { name: source.repository, uri };
      const model = await hub.model(repository, source.revision ?? 'main', signal);
      const all = model.files ?? (await hub.tree(repository, model.commit, signal));
      const choice = chooseFiles(all, { uri, quantization: source.quantization, path: source.path });
      const [first] = choice.files;
      // Anybody may list a gated model; who may have its files is known by asking for one.
      if (model.gated && first) await hub.knock(repository, model.commit, first.path, signal);
      const base = hubUri({ ...source, quantization: null, path: null }, source.revision);
      return {
        uri: hubUri(source, model.commit),
        revision: model.commit,
        files: choice.files,
        license: sourceLicense(model, `${place.endpoint}/${source.repository}`),
        notes: choice.notes,
        alternatives: choice.alternatives.map((suffix) => `${base}${suffix}`),
      };
    },
    async fetch(resolved, file, target, options) {
      const { repository, revision } = parseHubSource(resolved.uri);
      const bytes = hub.bytes({ name: repository, uri: resolved.uri }, revision ?? 'main', file.path);
      const wanted = { ...file, uri: resolved.uri, tag: file.tag ?? null };
      return await downloadFile(downloader, bytes, wanted, target, options);
    },
  };
}
