import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  publicDir: "public",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsDir: "static",
    assetsInlineLimit: 0, // the page's policy allows no data: scripts, and icons are cached on their own
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: Object.fromEntries(["/v1", "/health"].map((path) => [path, { target: "http://127.0.0.1:8990", ws: true }])) },
});
