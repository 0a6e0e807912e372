-- Keys that call models may also read and cancel what they asked for asynchronously; the first key may do everything.
update api_keys set permissions = permissions || array['operations.read', 'operations.manage']
  where 'inference.invoke' = any (permissions) and not 'operations.read' = any (permissions);
