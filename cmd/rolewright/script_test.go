package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/role"
)

// scriptCommands are what scripts can say beside testscript's own commands:
//
//	account [behaviour=value …] [fault:WHICH:KIND …]   serve an emulator as target host
//	made-in-ui FILE                                    roles are made in LaunchDarkly's pages
//	edited-in-ui KEY FIELD VALUE                       one field of a role is edited there
//	held KEY MEMBERS TEAMS                             the role is given to so many
//	writes N                                           the account saw N writes so far
//	requests [METHOD]                                  print the requests so far to stdout
//	requested METHOD N                                 so many requests of that method so far
//	copydir FROM TO                                    copy a folder
//	replace FILE OLD NEW                               replace every OLD in the file
//	exits CODE COMMAND …                               exec, with that exit code and no other
//	interrupt-after N CODE COMMAND …                   SIGINT once the account saw N writes; then that exit code
//	await FILE                                         wait until the file is there
//	many-roles N                                       the account holds N roles
//	many-files N [changed]                             so many files in roles/
//	people-in-ui FILE                                  members and teams are made in LaunchDarkly's pages
//	inventory FILE                                     the account has the projects of a JSON file
//	holders                                            print who holds which roles to stdout
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"account":      startAccount,
	"made-in-ui":   madeInUI,
	"edited-in-ui": editedInUI,
	"held":         held,
	"writes":       writes,
	"requests":     requests,
	"requested":    requested,
	"copydir":      copyDir,
	"replace":      replace,
	"exits":        exits,
	"await":        await,
	"many-roles":   manyRoles,
	"many-files":   manyFiles,

	"interrupt-after": interruptAfter,

	"people-in-ui": peopleInUI,
	"holders":      holders,
	"inventory":    inventory,
}

type emulatorKey struct{}

// scriptEmulator is the account of one script, served over a real socket by the test process. It
// keeps the requests with their bodies.
type scriptEmulator struct {
	emu      *emulator.Emulator
	mu       sync.Mutex
	requests []string
}

// ServeHTTP notes the request and hands it to the emulator.
func (s *scriptEmulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.requests = append(s.requests, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
	s.mu.Unlock()
	s.emu.ServeHTTP(w, r)
}

// seen returns the requests so far; of one method, unless that is "".
func (s *scriptEmulator) seen(method string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var some []string
	for _, r := range s.requests {
		if method == "" || strings.HasPrefix(r, method+" ") {
			some = append(some, r)
		}
	}
	return some
}

func theAccount(ts *testscript.TestScript) *scriptEmulator {
	s := *ts.Value(emulatorKey{}).(**scriptEmulator)
	if s == nil {
		ts.Fatalf("no account yet: start one with account")
	}
	return s
}

func startAccount(ts *testscript.TestScript, _ bool, args []string) {
	emu, err := emulator.New(accountOptions(ts, args))
	ts.Check(err)
	account := &scriptEmulator{emu: emu}
	ctx, cancel := context.WithCancel(context.Background())
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- emulator.Serve(ctx, "127.0.0.1:0", account, func(a string) { addr <- a }) }()
	ts.Defer(func() {
		cancel()
		<-done
		ts.Check(emu.Close())
	})
	select {
	case a := <-addr:
		ts.Setenv("LAUNCHDARKLY_API_HOST", a)
		ts.Setenv("LAUNCHDARKLY_ACCESS_TOKEN", "a-token")
	case err := <-done:
		ts.Fatalf("serve: %v", err)
	}
	*ts.Value(emulatorKey{}).(**scriptEmulator) = account
}

// accountOptions reads what a script says of its account: limit=N/WINDOW, latency=TIME,
// fault:WHICH:WHAT, and everything else a switch of the emulator.
func accountOptions(ts *testscript.TestScript, args []string) emulator.Options {
	o := emulator.Options{}
	var switches, faults []string
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "fault:"):
			faults = append(faults, strings.TrimPrefix(arg, "fault:"))
		case name == "latency":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			o.Latency = d
		case name == "limit":
			n, window, _ := strings.Cut(value, "/")
			d, err := time.ParseDuration(window)
			ts.Check(err)
			o.Limits.Window = d
			o.Limits.Global, err = strconv.Atoi(n)
			ts.Check(err)
		default:
			switches = append(switches, arg)
		}
	}
	var err error
	o.Behaviour, err = emulator.ParseBehaviour(switches)
	ts.Check(err)
	o.Faults, err = parseFaults(faults)
	ts.Check(err)
	return o
}

func madeInUI(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: made-in-ui FILE")
	}
	var roles []emulator.Role
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &roles))
	for _, r := range roles {
		ts.Check(theAccount(ts).emu.Add(r))
	}
}

func editedInUI(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edited-in-ui KEY FIELD VALUE")
	}
	ts.Check(theAccount(ts).emu.Edit(args[0], func(r *emulator.Role) {
		switch args[1] {
		case "name":
			r.Name = args[2]
		case "description":
			r.Description = args[2]
		case "policy":
			ts.Check(json.Unmarshal([]byte(args[2]), &r.Policy))
		default:
			ts.Fatalf("no field %q", args[1])
		}
	}))
}

func held(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: held KEY MEMBERS TEAMS")
	}
	members, err := strconv.Atoi(args[1])
	ts.Check(err)
	teams, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(theAccount(ts).emu.SetAssigned(args[0], members, teams))
}

func writes(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: writes N")
	}
	if got := strconv.Itoa(theAccount(ts).emu.Writes()); (got == args[0]) == neg {
		ts.Fatalf("the account saw %s writes", got)
	}
}

func requests(ts *testscript.TestScript, _ bool, args []string) {
	method := ""
	if len(args) > 0 {
		method = args[0]
	}
	for _, r := range theAccount(ts).seen(method) {
		fmt.Fprintln(ts.Stdout(), r)
	}
}

func requested(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: requested METHOD N")
	}
	if got := strconv.Itoa(len(theAccount(ts).seen(args[0]))); got != args[1] {
		ts.Fatalf("%s requests of %s", got, args[0])
	}
}

func copyDir(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: copydir FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), withoutData{os.DirFS(ts.MkAbs(args[0]))}))
}

func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("no %q in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND …")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func manyRoles(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		ts.Check(theAccount(ts).emu.Add(emulator.Role{
			Key: fmt.Sprintf("team-%03d", i), Name: fmt.Sprintf("Team %03d", i),
			Description: fmt.Sprintf("Team no. %d: yes", i), BasePermissions: "no_access",
			Policy: []emulator.Statement{
				{Effect: "allow", Actions: []string{"viewProject"}, Resources: []string{fmt.Sprintf("proj/p%d", i)}},
				{Effect: "allow", NotActions: []string{"bypassRequiredApproval"}, Resources: []string{fmt.Sprintf("proj/p%d:env/*:flag/*;team-%d", i, i)}},
			},
		}))
	}
}

func manyFiles(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs("roles"), 0o755))
	for i := range n {
		text := fmt.Sprintf("kind: Role\nkey: role-%02[1]d\nname: Role %[1]d\ndescription: %[2]q\nbasePermissions: no_access\n"+
			"policy:\n  - effect: allow\n    actions: [viewProject]\n    resources: [\"proj/p%[1]d\"]\n", i, strings.Join(args[1:], " "))
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("roles/role-%02d.yaml", i)), []byte(text), 0o644))
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	waitFor(ts, func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	})
}

// waitFor polls until ok, and fails the script if that takes longer than anything here may.
func waitFor(ts *testscript.TestScript, ok func() bool) {
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	ts.Fatalf("waited in vain")
}

func interruptAfter(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: interrupt-after N CODE COMMAND …")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "NO_COLOR", "LAUNCHDARKLY_API_HOST", "LAUNCHDARKLY_ACCESS_TOKEN"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	ts.Check(cmd.Start())
	waitFor(ts, func() bool { return theAccount(ts).emu.Writes() >= n })
	ts.Check(cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // the exit code below says it all
	if code := strconv.Itoa(cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("exit code %s, want %s", code, args[1])
	}
}

// peopleInUI makes the members and then the teams of a JSON file; they name roles by key and members
// by e-mail address.
func peopleInUI(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: people-in-ui FILE")
	}
	var people struct {
		Members []emulator.Member
		Teams   []emulator.Team
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &people))
	for _, m := range people.Members {
		ts.Check(theAccount(ts).emu.AddMember(m))
	}
	for _, t := range people.Teams {
		ts.Check(theAccount(ts).emu.AddTeam(t))
	}
}

func inventory(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: inventory FILE")
	}
	var inv role.Inventory
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &inv))
	ts.Check(theAccount(ts).emu.Seed(inv))
}

// holders prints a line for each member and each team, with the keys of its roles in their order.
func holders(ts *testscript.TestScript, _ bool, _ []string) {
	emu := theAccount(ts).emu
	keys := map[string]string{}
	for _, r := range emu.Roles() {
		keys[r.ID] = r.Key
	}
	line := func(kind, name string, ids []string, attributes map[string][]string) {
		named := make([]string, len(ids))
		for i, id := range ids {
			named[i] = cmp.Or(keys[id], id)
		}
		text, err := json.Marshal(attributes)
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), kind, name, "["+strings.Join(named, " ")+"]", string(text))
	}
	for _, m := range emu.Members() {
		line("member", m.Email+" "+m.Role, m.CustomRoles, m.RoleAttributes)
	}
	for _, t := range emu.Teams() {
		line("team", t.Key, t.CustomRoles, t.RoleAttributes)
	}
}
