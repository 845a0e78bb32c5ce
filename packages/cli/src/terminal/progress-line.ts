import { formatBytes, type OnProgress, type Progress } from "@mlsign/core";
import type { Host } from "../host.ts";

/**
 * Shows long work: on a terminal one line that is redrawn (share, amount, rate, time left), else
 * one line when a step turns out to take longer than a second, and is not over yet.
 */
export function progressLine(host: Host): { readonly onProgress: OnProgress; end(): void } {
  const started = host.clock().getTime();
  let drawn = false;
  let told = "";
  return {
    onProgress: (progress) => {
      const seconds = (host.clock().getTime() - started) / 1000;
      if (seconds < 1) return;
      if (host.terminal) {
        host.err(`\r\u001b[2K${line(progress, seconds, host.columns - 1)}`);
        drawn = true;
      } else if (told !== progress.step && progress.done < progress.total) {
        told = progress.step;
        host.err(`mlsign: ${progress.step} ${amount(progress.total, progress.unit)}\n`);
      }
    },
    end: () => {
      if (drawn) host.err("\r\u001b[2K");
      drawn = false;
    },
  };
}

function line(progress: Progress, seconds: number, columns: number): string {
  const { done, total, unit, step } = progress;
  const share = total === 0 ? 1 : Math.min(done / total, 1);
  const rate = done / seconds;
  const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
  const tail = `${amount(done, unit)} of ${amount(total, unit)}  ${amount(rate, unit)}/s  ${clock(left)} left`;
  const head = `${step} ${String(Math.floor(share * 100)).padStart(3)}% `;
  const width = Math.max(0, Math.min(24, columns - head.length - tail.length - 4));
  const full = Math.round(width * share);
  const bar = width < 4 ? "" : `[${"#".repeat(full)}${"-".repeat(width - full)}] `;
  return (head + bar + tail).slice(0, columns);
}

function amount(value: number, unit: Progress["unit"]): string {
  return unit === "bytes" ? formatBytes(Math.round(value)) : String(Math.round(value));
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
