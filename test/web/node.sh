# test/web/node.sh: Node and the packages of this folder, for scenarios; source it behind scenario.sh. Skips where they cannot be had.
if [ -x "$SAPA_SOURCE_DIR/tools/node" ]; then PATH="$("$SAPA_SOURCE_DIR/tools/node"):$PATH"; fi
command -v node >/dev/null || { echo "node is missing"; exit 77; }
command -v npm >/dev/null || { echo "npm is missing"; exit 77; }
web=$SAPA_SOURCE_DIR/test/web
if ! cmp -s "$web/package-lock.json" "$web/node_modules/.taken" 2>/dev/null; then
    (cd "$web" && npm ci --no-audit --no-fund --loglevel=error) || { echo "the packages of test/web cannot be had"; exit 77; }
    cp "$web/package-lock.json" "$web/node_modules/.taken"
    began=$(date +%s)
fi
