package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/rolewright/rolewright/reconcile/report"
)

// logHandler shows on stderr what goes on at the account: that a request is tried again, and with
// --verbose every request.
type logHandler struct{ app *app }

// Enabled lets through what somebody who waits wants to know.
func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.app.verbose
}

// Handle prints one record on one line.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	fmt.Fprintf(&line, "rolewright: %s", r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&line, " %s=%s", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(h.app.err, report.Terminal(line.String()))
	return err
}

// WithAttrs and WithGroup are not used by the client.
func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup returns h.
func (h *logHandler) WithGroup(string) slog.Handler { return h }
