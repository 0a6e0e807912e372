import type { Command } from 'commander';
import { defineAlias } from './models/alias-model.ts';
import { defineApply, definePlan } from './models/apply-models.ts';
import { defineBench } from './models/bench-model.ts';
import { defineCheck } from './models/check-model.ts';
import { defineExport } from './models/export-model.ts';
import { defineImport } from './models/import-model.ts';
import { defineAccept, defineImportChange, defineImports } from './models/imports.ts';
import { defineList } from './models/list-models.ts';
import { defineEngine, defineLoad, defineUnload } from './models/load-model.ts';
import { definePull } from './models/pull-model.ts';
import { defineRecommended } from './models/recommended.ts';
import { defineShow } from './models/show-model.ts';
import { defineArchive, defineCollect, defineDelete, defineVersions } from './models/versions.ts';

/** `samovar models …`: one file for each subcommand, or for a few that belong together, in `models/`. */
export function define(command: Command): void {
  defineList(command);
  defineList(
    command.command('list').description('list models and their state, as `samovar models` alone does'),
  );
  defineRecommended(command.command('recommended').description('list ready models that run on this machine'));
  definePull(command.command('pull').description('take a model of the catalogue, with progress'));
  defineImport(
    command.command('import').description('bring a model in, from anywhere; or fetch its files again'),
  );
  defineImports(command.command('imports').description('list imports, and how they go on'));
  defineAccept(command.command('accept').description('accept the terms that an import waits for'));
  defineImportChange(command.command('cancel').description('cancel an import'), 'cancel');
  defineImportChange(command.command('retry').description('try a failed import again'), 'retry');
  defineShow(
    command.command('show').description('show a model whole: what it is, its files, where it comes from'),
  );
  defineCheck(command.command('check').description('check whether a model keeps its promises'));
  defineBench(command.command('bench').description('measure how fast a model is, by requests at a time'));
  defineVersions(
    command.command('versions').description('list the versions of a model; choose what its name means'),
  );
  definePlan(command.command('plan').description('compare a folder of manifests with what is here'));
  defineApply(command.command('apply').description('make models what a folder of manifests declares'));
  defineExport(
    command
      .command('export')
      .description('put a model into a folder: for another installation, or another program'),
  );
  defineLoad(command.command('load').description('load a model into memory'));
  defineUnload(command.command('unload').description('unload a model; the next request loads it again'));
  defineEngine(command.command('engine').description('choose the engine that runs a model'));
  defineAlias(command.command('alias').description('give a model another name, or take one away'));
  defineArchive(command.command('archive').description('take a model out of use, and name its successor'));
  defineDelete(command.command('delete').description('delete a model, or a version of it'));
  defineCollect(command.command('gc').description('remove files of no model from the object store'));
}
