package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

// permission says what a command may do to the account. Only apply writes; what every other command
// gets refuses in the transport.
type permission bool

const (
	readOnly  permission = false
	readWrite permission = true
)

// connection is an account and how to leave it.
type connection struct {
	reconcile.Account
	target plan.Target
	// embedded says that it is the emulator in this process: nobody's account.
	embedded bool
	limited  func() bool
	close    func() error
}

// client is LaunchDarkly's API as an account.
type client struct{ *launchdarkly.Client }

// AccountID asks who the token belongs to.
func (c client) AccountID(ctx context.Context) (string, error) {
	id, err := c.Identity(ctx)
	return id.AccountID, err
}

// Inventory reads the projects and their environments. Flags are not read: there may be very many,
// and policies seldom name one.
func (c client) Inventory(ctx context.Context) (role.Inventory, error) {
	return c.Client.Inventory(ctx, launchdarkly.InventoryWant{})
}

// connect opens the target that the command line, or rolewright.yaml, names.
func (a *app) connect(ws *manifest.Workspace, may permission) (*connection, error) {
	name, target, err := a.chooseTarget(ws)
	if err != nil {
		return nil, err
	}
	if target.Emulator != "" {
		if env := a.hostFromEnv(); env != "" {
			report.Warning(a.err, fmt.Sprintf("target %q is the embedded emulator: the host in the environment, %q, is not used", name, env), a.errOptions())
		}
		return a.connectEmulator(name, filepath.Join(ws.Root, filepath.FromSlash(target.Emulator)), ws.Members, may)
	}
	return a.connectHost(name, target.Host, may)
}

// chooseTarget returns the target that --target names, or the default one.
func (a *app) chooseTarget(ws *manifest.Workspace) (string, manifest.Target, error) {
	name, target, err := ws.Config.Target(a.target)
	if err == nil {
		return name, target, nil
	}
	hint := ""
	if near := diag.Nearest(a.target, ws.Config.TargetNames()); near != "" {
		hint = "did you mean --target " + near + "?"
	}
	return "", manifest.Target{}, usage(hint, "%w", err)
}

// connectHost opens a real account, or anything that speaks its API. The environment may name
// another host than the file, but only one that the file could name too.
func (a *app) connectHost(name, host string, may permission) (*connection, error) {
	if env := a.hostFromEnv(); env != "" {
		if err := manifest.CheckHost(env, a.getenv("ROLEWRIGHT_ALLOW_HOST")); err != nil {
			return nil, usage("only LaunchDarkly's hosts and this machine get the token; allow another with ROLEWRIGHT_ALLOW_HOST",
				"the host in the environment: %w", err)
		}
		host = env
	}
	token := a.getenv("LAUNCHDARKLY_ACCESS_TOKEN")
	if token == "" {
		token = a.getenv("LD_ACCESS_TOKEN")
	}
	if token == "" {
		return nil, usage("set LAUNCHDARKLY_ACCESS_TOKEN; a token of the base role Reader is enough for plan",
			"no access token for target %q (%s)", name, host)
	}
	return a.open(name, launchdarkly.Options{Host: host, Token: launchdarkly.Secret(token), Transport: a.transport}, may)
}

// hostFromEnv returns the host that the environment names, without the scheme that other tools want
// in front: https://, or http:// for this machine, as the emulator prints it.
func (a *app) hostFromEnv() string {
	for _, name := range []string{"LAUNCHDARKLY_API_HOST", "LD_BASE_URI"} {
		host := strings.TrimSuffix(strings.TrimSpace(a.getenv(name)), "/")
		if plain, ok := strings.CutPrefix(host, "http://"); ok && manifest.IsLoopback(plain) {
			return plain
		}
		if host != "" {
			return strings.TrimPrefix(host, "https://")
		}
	}
	return ""
}

// connectEmulator opens the embedded emulator kept in file. A command that only reads does not
// make the file: an account that was never written to is empty. Nobody can be invited to an account
// that is nobody's, so whoever the files speak of is a member of it.
func (a *app) connectEmulator(name, file string, members []role.DesiredMember, may permission) (*connection, error) {
	// The ids come from the path, so that a plan made before the file is there fits the account
	// that apply then makes.
	id := sha256.Sum256([]byte(file))
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && may == readOnly {
		file = ""
	}
	emu, err := emulator.New(emulator.Options{
		File: file, ReadOnly: may == readOnly && file != "", Now: a.now, Rand: bytes.NewReader(id[:]),
	})
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonNetwork, err: err}
	}
	var emails []string
	for _, m := range members {
		emails = append(emails, m.Email)
	}
	if err := emu.Invite(emails...); err != nil {
		return nil, errors.Join(&failure{reason: reconcile.ReasonNetwork, err: err}, emu.Close())
	}
	conn, err := a.open(name, launchdarkly.Options{
		Host: "localhost", Token: "emulator", Transport: emulator.Transport(emu),
	}, may)
	if err != nil {
		return nil, errors.Join(err, emu.Close())
	}
	conn.target.Host, conn.embedded = "emulator", true
	conn.close = emu.Close
	return conn, nil
}

func (a *app) open(name string, o launchdarkly.Options, may permission) (*connection, error) {
	o.ReadOnly = may == readOnly
	o.UserAgent = "rolewright/" + version()
	o.Parallelism = a.parallelism
	o.Log = slog.New(&logHandler{app: a})
	c, err := launchdarkly.New(o)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: err}
	}
	return &connection{
		Account: client{c},
		target:  plan.Target{Name: name, Host: o.Host, APIVersion: launchdarkly.APIVersion},
		limited: c.Limited,
		close: func() error {
			c.Close()
			return nil
		},
	}, nil
}
