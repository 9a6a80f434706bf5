// Preloaded into a program that was started with an IPC channel: ends it when whoever started it is
// gone, however that one ended.
process.channel?.unref();
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
