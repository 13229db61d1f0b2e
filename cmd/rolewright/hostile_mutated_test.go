package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

var (
	replies     = flag.Int("replies", 500, "TestMutatedReplies: how many runs, each with one answer changed at random")
	repliesSeed = flag.Uint64("replies-seed", 1, "TestMutatedReplies: the first seed")
)

const peopledConfig = townConfig + "manage:\n  teams: {include: [\"*\"]}\n  members: {include: [\"*\"]}\nguards: {minAdmins: 1}\n"

// newPeopledTown is a town with a team, members and a project. The files change who holds what too.
func newPeopledTown(t *testing.T, dir string, tell lie) *town {
	t.Helper()
	s := newTown(t, 4, tell)
	s.dir = dir
	ids := map[string]string{}
	for _, r := range s.emu.Roles() {
		ids[r.Key] = r.ID
	}
	for _, err := range []error{
		s.emu.AddMember(emulator.Member{Email: "owner@example.com", Role: "owner"}),
		s.emu.AddMember(emulator.Member{Email: "ana@example.com", Role: "no_access", CustomRoles: []string{ids["team-c"]}}),
		s.emu.AddTeam(emulator.Team{Key: "web", Name: "Web", CustomRoles: []string{ids["ops"]}}),
		s.emu.Seed(tokenStock),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func peopledFiles(t *testing.T) string {
	t.Helper()
	dir := townFiles(t)
	for name, text := range map[string]string{
		"rolewright.yaml": peopledConfig,
		"team.yaml":       "kind: Team\nkey: web\ncustomRoles: [ops, fresh]\n",
		"ana.yaml":        "kind: Member\nemail: ana@example.com\ncustomRoles: [team-c, ops]\n",
		"team-c.yaml":     townFile("team-c", "As it is."),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// accountState is what an account holds, without what only counts or dates its changes.
type accountState struct {
	Roles   []emulator.Role
	Members map[string][]string
	Teams   map[string][]string
}

func (s *town) state() accountState {
	state := accountState{Roles: s.emu.Roles(), Members: map[string][]string{}, Teams: map[string][]string{}}
	keys := map[string]string{}
	for _, r := range state.Roles {
		keys[r.ID] = r.Key
	}
	held := func(ids []string) (list []string) {
		for _, id := range ids {
			list = append(list, keys[id])
		}
		return list
	}
	for _, m := range s.emu.Members() {
		state.Members[m.Email] = append(held(m.CustomRoles), m.Role)
	}
	for _, t := range s.emu.Teams() {
		state.Teams[t.Key] = append(held(t.CustomRoles), t.Name)
	}
	return state
}

// role returns a role of the state.
func (a accountState) role(key string) *emulator.Role {
	for _, r := range a.Roles {
		if r.Key == key {
			return &r
		}
	}
	return nil
}

// mutation changes one answer.
type mutation struct {
	rng  *rand.Rand
	at   int // which answer, from 0
	seen int
	did  string // what was done to which answer
	// wrote is the write that was answered, refused says that it was done and answered with an error.
	wrote   string
	refused bool
}

func (m *mutation) tell(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
	m.seen++
	if m.seen-1 != m.at {
		return false
	}
	reply := truth()
	how, body := m.change(reply.Body.Bytes())
	m.did = fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, how)
	if r.Method != http.MethodGet {
		m.wrote = r.Method + " " + r.URL.Path
	}
	maps.Copy(w.Header(), reply.Header())
	w.Header().Del("Content-Length")
	status := reply.Code
	if how == "head" {
		status = m.head(w.Header(), status)
	}
	m.refused = m.wrote != "" && status >= 300
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return true
}

// head changes the status, a header, or both.
func (m *mutation) head(header http.Header, status int) int {
	names := []string{"Content-Type", "Retry-After", "X-Ratelimit-Reset", "Location", "Content-Encoding", "Date", "Link"}
	values := []string{"", "text/html", "gzip", "-1", "0", "99999999999999999999", "application/json; charset=\xff", "https://evil.example/", "\x00", strings.Repeat("9", 5000)}
	header.Set(names[m.rng.IntN(len(names))], values[m.rng.IntN(len(values))])
	if m.rng.IntN(2) == 0 {
		status = []int{200, 201, 202, 204, 206, 299, 300, 302, 307, 400, 401, 403, 404, 409, 412, 422, 429, 500, 501, 503, 599}[m.rng.IntN(21)]
	}
	return status
}

// change returns what was done, and the bytes after it.
func (m *mutation) change(body []byte) (string, []byte) {
	if len(body) == 0 {
		return "head", body
	}
	out := bytes.Clone(body)
	i, j := m.rng.IntN(len(out)), m.rng.IntN(len(out)+1)
	from, to := min(i, j), max(i, j)
	switch m.rng.IntN(10) {
	case 0:
		out[i] ^= byte(1 << m.rng.IntN(8))
		return fmt.Sprintf("bit at %d", i), out
	case 1:
		return fmt.Sprintf("cut to %d", i), out[:i]
	case 2:
		return fmt.Sprintf("without %d to %d", from, to), slices.Delete(out, from, to)
	case 3:
		return fmt.Sprintf("%d to %d twice", from, to), slices.Insert(out, to, body[from:to]...)
	case 4:
		scraps := []string{"\x00", "null", `{}`, `[`, `]`, `"`, `,`, `\ud800`, "\xff", "1e999", `"items":[],`, "\u2028", "<html>", `"totalCount":0,`}
		return fmt.Sprintf("a scrap at %d", i), slices.Insert(out, i, []byte(scraps[m.rng.IntN(len(scraps))])...)
	case 5:
		return "head", out
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return "head", out
	}
	var how string
	v, how = m.prune(v)
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return how, text
}

// prune changes one thing somewhere in a JSON value.
func (m *mutation) prune(v any) (any, string) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			break
		}
		name := slices.Sorted(maps.Keys(v))[m.rng.IntN(len(v))]
		switch m.rng.IntN(5) {
		case 0:
			delete(v, name)
			return v, "no " + name
		case 1:
			v[strings.ToUpper(name)] = v[name]
			return v, "also " + strings.ToUpper(name)
		}
		child, how := m.prune(v[name])
		v[name] = child
		return v, name + "." + how
	case []any:
		if len(v) == 0 {
			break
		}
		i, j := m.rng.IntN(len(v)), m.rng.IntN(len(v))
		switch m.rng.IntN(5) {
		case 0:
			return slices.Delete(v, i, i+1), fmt.Sprintf("no item %d", i)
		case 1:
			return append(v, v[i]), fmt.Sprintf("item %d twice", i)
		case 2:
			v[i], v[j] = v[j], v[i]
			return v, fmt.Sprintf("items %d and %d swapped", i, j)
		}
		child, how := m.prune(v[i])
		v[i] = child
		return v, fmt.Sprintf("%d.%s", i, how)
	}
	others := []any{nil, true, -1, 1e300, "", "x", hostile, strings.Repeat("long", 5000), []any{}, map[string]any{}, []any{nil}, []any{map[string]any{"key": 1}}}
	other := others[m.rng.IntN(len(others))]
	return other, fmt.Sprintf("%.20v instead", other)
}

// TestMutatedReplies runs an apply again and again, each time with one answer of the account changed at
// random, at random. Nothing may panic, nothing may be written that an honest run does not write, a
// success is one, and after a write that was answered oddly no other follows unless that is explained.
func TestMutatedReplies(t *testing.T) {
	dir := peopledFiles(t)
	honest := newPeopledTown(t, dir, nil)
	before := honest.state()
	if got := honest.run("apply", "--auto-approve", "--parallelism", "1", honest.dir); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	writes := map[string]bool{}
	for _, r := range honest.requests {
		writes[r] = !strings.HasPrefix(r, "GET ")
	}
	n := *replies
	if testing.Short() {
		n /= 3
	}
	codes := map[int]int{}
	for i := range n {
		m := &mutation{rng: rand.New(rand.NewPCG(*repliesSeed, uint64(i)))}
		m.at = m.rng.IntN(len(honest.requests))
		s := newPeopledTown(t, dir, m.tell)
		got := s.run("apply", "--auto-approve", "--parallelism", "1", s.dir)
		codes[got.code]++
		problems := m.judge(s, got, writes, before, honest.state())
		if len(problems) > 0 {
			t.Errorf("seed %d, run %d, answer %d (%s): %s\n%.3000s\n%.3000s\n%q", *repliesSeed, i, m.at, m.did, strings.Join(problems, "; "), got.out, got.err, s.requests)
		}
	}
	if *replies >= 500 && !testing.Short() && (codes[0] < n/20 || codes[1] < n/20 || codes[5] < n/100) {
		t.Errorf("the runs do not tell much apart: %v", codes)
	}
	t.Logf("exit codes %v", codes)
	t.Logf("figure: mutated replies: %d", n)
}

// judge returns what is wrong with a run.
func (m *mutation) judge(s *town, got told, writes map[string]bool, before, honest accountState) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	after := s.state()
	for _, r := range s.requests {
		if !strings.HasPrefix(r, "GET ") && !writes[r] {
			wrong("an honest run does not send %s", r)
		}
	}
	for _, r := range before.Roles {
		if strings.HasPrefix(r.Key, "team-") && !cmp.Equal(after.role(r.Key), &r) {
			wrong("role %s was touched", r.Key)
		}
	}
	switch got.code {
	case 0:
		if diff := cmp.Diff(honest, after); diff != "" {
			wrong("it calls itself done: %s", diff)
		}
	case 1, 3:
		// An account that does what it says it refuses (400, 401, 302) is taken at its word.
		if s.emu.Writes() > 1 || s.emu.Writes() == 1 && !m.refused {
			wrong("%d writes and exit code %d", s.emu.Writes(), got.code)
		}
	case 4, 5:
	default:
		wrong("exit code %d", got.code)
	}
	// Where every write was answered well, as with another _id, only the last look at the account can
	// tell that something is odd.
	acknowledged := strings.Contains(got.out, "Applied, but not verified")
	if got.code != 0 && m.wrote != "" && !acknowledged {
		if other := s.othersAfter(m.wrote); other != "" {
			wrong("%s after the odd answer to %s", other, m.wrote)
		}
	}
	return problems
}

// othersAfter returns the first write that was sent after the odd answer to one and is not the same
// again.
func (s *town) othersAfter(wrote string) string {
	for _, r := range s.requests[slices.Index(s.requests, wrote):] {
		if !strings.HasPrefix(r, "GET ") && r != wrote {
			return r
		}
	}
	return ""
}
