package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// The tokens of these tests. They have the form of real ones and cannot be any.
const (
	canaryToken  = "api-c0ffee00-dead-0bad-0cab-feedfacecafe"
	canaryGitHub = "ghs_CanaryCanary0Canary1Canary2Canary3xyZ"
)

// birds finds a secret in whatever form it may have got out.
type birds struct {
	forms                [][]byte
	outputs, bytes, hits int
	t                    *testing.T
}

func newBirds(t *testing.T, secrets ...string) *birds {
	b := &birds{t: t}
	for _, secret := range secrets {
		percent := ""
		for i := range len(secret) {
			percent += fmt.Sprintf("%%%02x", secret[i])
		}
		forms := []string{
			secret, secret[len(secret)-8:], secret[4:20], url.QueryEscape(secret), percent, strings.ToUpper(percent),
			hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		}
		for shift := range 3 { // base64 has three forms of a text, by where it begins
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			forms = append(forms, text[4:len(text)-4])
		}
		for _, form := range forms {
			b.forms = append(b.forms, []byte(form))
		}
	}
	return b
}

// search fails the test if text holds a secret.
func (b *birds) search(where string, text []byte) {
	b.t.Helper()
	b.outputs++
	b.bytes += len(text)
	for _, form := range b.forms {
		if i := bytes.Index(text, form); i >= 0 {
			b.hits++
			b.t.Errorf("%s: %q in …%.400q", where, form, text[max(0, i-200):min(len(text), i+200)])
			return
		}
	}
}

// masks are the lines that tell GitHub's runner what to hide. They hold the secret, and have to.
var masks = regexp.MustCompile(`(?m)^::add-mask::.*\n`)

func (b *birds) searchRun(where string, got told, dirs ...string) {
	b.t.Helper()
	b.search(where+", stdout", masks.ReplaceAll([]byte(got.out), nil))
	b.search(where+", stderr", []byte(got.err))
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			b.search(where+", "+filepath.Base(path), append([]byte(path), data...))
			return err
		})
		if err != nil {
			b.t.Error(err)
		}
	}
}

// tally fails the test if nothing was searched, and returns what was.
func (b *birds) tally() string {
	b.t.Helper()
	if b.outputs == 0 || b.bytes == 0 {
		b.t.Error("nothing was searched")
	}
	return fmt.Sprintf("%d outputs, %d bytes, %d hits", b.outputs, b.bytes, b.hits)
}

// echoes are lies that repeat the token, which is what the header Authorization holds.
func echoes() map[string]lie {
	all := map[string]lie{"none": nil}
	add := func(name string, status int, kind string, body func(token string) string, header ...string) {
		for _, method := range []string{"", http.MethodPatch} {
			all[name+" "+method] = func(w http.ResponseWriter, r *http.Request, _ func() *httptest.ResponseRecorder) bool {
				if method != "" && r.Method != method {
					return false
				}
				token := r.Header.Get("Authorization")
				for _, name := range append(header, "X-Echo", "Server", "Www-Authenticate") {
					w.Header().Set(name, "http://"+token+"@evil.example/"+token+"?token="+token)
				}
				w.Header().Set("Content-Type", strings.ReplaceAll(kind, "TOKEN", token))
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body(token))
				return true
			}
		}
	}
	long := strings.Repeat("long ", 21) // so that what is cut short ends within the token
	asJSON := func(s string) string { return `{"code":"` + s + `","message":"` + s + `","id":"` + s + `"}` }
	add("401", 401, aJSON, asJSON)
	add("403 in a page", 403, "text/html", func(s string) string { return "<html>" + s + url.QueryEscape(" "+s) })
	add("400 far behind", 400, "text/plain", func(s string) string { return strings.Repeat("x", 4070) + s })
	add("302", 302, "text/html", asJSON, "Location")
	add("another type", 200, long+"/TOKEN", asJSON)
	add("not JSON", 200, aJSON, func(s string) string { return s })
	add("a key twice", 200, aJSON, func(s string) string { return `{"` + long + s + `":1,"` + long + s + `":2}` })
	add("a strange role", 200, aJSON, func(s string) string {
		return `{"items":[{"_id":"1","key":"` + long + s + `"}],"totalCount":1,"_id":"2","key":"` + long + s + `","accountId":7}`
	})
	add("a strange next page", 200, aJSON, func(s string) string {
		return `{"items":[],"totalCount":1,"_links":{"next":{"href":"https://` + long + s + `/"}}}`
	})
	return all
}

// canaryCommands are the command lines that are run in every state of the account. They write to
// the folder T, and some of them go on with what earlier ones left there.
func canaryCommands() []string {
	return []string{
		"validate W", "validate --format sarif W", "validate --format json W", "validate --format github W", "validate --format junit W", "fmt --check W", "fmt --diff W", "test W", "test --format junit W",
		"plan W", "plan --format json W", "plan --format markdown -o T/plan.json W", "plan --detailed-exitcode --base HEAD W",
		"show T/plan.json", "show --format json T/plan.json", "show --format markdown T/plan.json", "verify --workspace W T/plan.json", "verify --format json --workspace W T/plan.json",
		"export --snapshot T/snapshot.json W", "plan --snapshot T/snapshot.json W", "export T/out",
		"can viewProject_on_proj/web --role ops --workspace W", "who-can viewProject_on_proj/web --workspace W", "explain ops --workspace W",
		"apply W", "apply --format json --journal T/journal --workspace W T/plan.json", "apply --auto-approve --format markdown --journal T/journal2 W", "restore old --auto-approve --from T/result.json --workspace W",
		"schema role", "version", "init T/new", "completion bash", "nonsense", "plan --nonsense",
	}
}

func canaryArgs(line, dir, temp string) []string {
	args := strings.Fields(line)
	for i, arg := range args {
		switch {
		case arg == "W":
			args[i] = dir
		case strings.HasPrefix(arg, "T/"):
			args[i] = filepath.Join(temp, arg[2:])
		}
		args[i] = strings.ReplaceAll(args[i], "_on_", " on ")
	}
	return args
}

// canaryEnv is the environment with the canaries in it.
func canaryEnv() map[string]string {
	return map[string]string{"LAUNCHDARKLY_API_HOST": "localhost", "LAUNCHDARKLY_ACCESS_TOKEN": canaryToken, "GITHUB_TOKEN": canaryGitHub}
}

// TestCanary runs every command, twice as wordy and not, while the account is well, refuses, and
// repeats the token in every way that it can. It is in nothing that is printed or written.
func TestCanary(t *testing.T) {
	b := newBirds(t, canaryToken, canaryGitHub)
	codes := map[int]int{}
	dir := peopledFiles(t)
	for name, tell := range echoes() {
		if testing.Short() && !strings.HasSuffix(name, http.MethodPatch) {
			continue
		}
		temp := t.TempDir()
		for _, verbose := range []bool{false, true} {
			s := newPeopledTown(t, dir, tell)
			s.env = canaryEnv()
			for _, line := range canaryCommands() {
				args := canaryArgs(line, dir, temp)
				if verbose {
					args = append(args, "--verbose")
				}
				got := s.run(args...)
				codes[got.code]++
				if strings.HasPrefix(line, "apply --format json") {
					if err := os.WriteFile(filepath.Join(temp, "result.json"), []byte(got.out), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				b.searchRun(name+": "+line, got)
			}
		}
		b.searchRun(name+": files", told{}, temp, dir)
	}
	if codes[0] == 0 || codes[1] == 0 || codes[5] == 0 {
		t.Errorf("the commands did not get far: %v", codes)
	}
	t.Logf("exit codes %v", codes)
	t.Logf("figure: canary: %s", b.tally())
}

// dumper is a network that panics with all of the request.
type dumper struct {
	below http.RoundTripper
	path  string
}

// RoundTrip implements http.RoundTripper.
func (d dumper) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Method+" "+r.URL.Path, d.path) {
		panic(fmt.Sprintf("%s %s %v", r.Method, r.URL, r.Header))
	}
	return d.below.RoundTrip(r)
}

// TestCanaryInPanics: a bug of ours is reported as one, whichever goroutine it is in, without the token.
func TestCanaryInPanics(t *testing.T) {
	b := newBirds(t, canaryToken)
	dir := peopledFiles(t)
	for _, path := range []string{"GET /api/v2/roles", "GET /api/v2/members", "GET /api/v2/caller", "POST ", "PATCH ", "DELETE "} {
		for _, format := range []string{"text", "json"} {
			s := newPeopledTown(t, dir, nil)
			env := canaryEnv()
			var out, errs bytes.Buffer
			// Not in a bubble: net/http leaves a goroutine behind where a transport panics.
			code := run(t.Context(), stdio{
				in: strings.NewReader(""), out: &out, err: &errs, getenv: func(name string) string { return env[name] },
				now: func() time.Time { return bubbleStart }, transport: dumper{emulator.Transport(s.liar), path},
			}, []string{"apply", "--auto-approve", "--verbose", "--format", format, dir})
			all := out.String() + errs.String()
			if !strings.Contains(all, "bug in rolewright") && !strings.Contains(all, "internal error: ") || code != 1 && code != 5 || !strings.Contains(all, "***") {
				t.Errorf("%s: exit code %d\n%s", path, code, all)
			}
			b.searchRun(path, told{code, out.String(), errs.String()})
		}
	}
	t.Log(b.tally())
}

// TestCanaryOnGitHub: the same where GitHub, or what plays it, repeats its token to the commands that
// speak to it.
func TestCanaryOnGitHub(t *testing.T) {
	b := newBirds(t, canaryToken, canaryGitHub)
	event := pullRequestEvent(t)
	echo := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://"+token+"/"+token)
			w.Header().Set("X-Github-Request-Id", token)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "TOKEN", token))
		}
	}
	answers := map[string]http.HandlerFunc{
		"401": echo(401, aJSON, `{"message":"TOKEN","documentation_url":"https://TOKEN/"}`), "403": echo(403, "text/html", "<html>TOKEN"), "404": echo(404, aJSON, `{"message":"TOKEN"}`),
		"302": echo(302, "text/html", "TOKEN"), "200": echo(200, "text/"+strings.Repeat("x", 110)+"TOKEN", "TOKEN"), "not JSON": echo(200, aJSON, strings.Repeat(" ", 10)+"TOKEN"),
		"422": echo(422, aJSON, `{"message":"TOKEN","errors":[{"message":"TOKEN","code":"custom"}]}`), "another form": echo(200, aJSON, `{"login":7,"body":"TOKEN"}`),
	}
	asked := map[string]int{} // by command
	for name, h := range answers {
		command := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked[command]++
			h(w, r)
		}))
		for _, command = range []string{"plan", "apply", "validate", "test", "comment", "comment command", "no inputs"} {
			temp, s := t.TempDir(), newTown(t, 3, nil)
			s.env = actionEnv(t, canaryEnv(), server.URL, temp, event)
			if got := s.run("plan", "-o", filepath.Join(temp, "plan.json"), s.dir); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			args := []string{"action"}
			switch command {
			case "comment command":
				args = []string{"comment", "--verbose", "--pr", "8", "--repo", "acme/access", filepath.Join(temp, "plan.json")}
			case "no inputs":
				s.env["ROLEWRIGHT_INPUTS"] = `{"access-token": "` + canaryToken + `", "github-token": "` + canaryGitHub + `", "surprise": "` + canaryToken + `"`
			case "comment":
				s.env["ROLEWRIGHT_INPUTS"] = `{"command": "comment", "plan-file": "` + filepath.Join(temp, "plan.json") + `", "github-token": "` + canaryGitHub + `"}`
			default:
				s.env["ROLEWRIGHT_INPUTS"] = `{"command": "` + command + `", "path": "` + s.dir + `", "sarif-file": "` + filepath.Join(temp, "x.sarif") + `", "access-token": "` + canaryToken + `", "github-token": "` + canaryGitHub + `"}`
			}
			got := runWith(t, s.env, time.Now, emulator.Transport(s.liar), args...)
			b.searchRun(name+": "+command, got, temp)
		}
		server.Close()
	}
	if asked["plan"] == 0 || asked["comment"] == 0 || asked["comment command"] == 0 {
		t.Errorf("GitHub was not asked: %v", asked)
	}
	t.Log(b.tally())
}

// pullRequestEvent is the event of pull request 7 of acme/access, as GitHub writes it into a file.
func pullRequestEvent(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../reconcile/github/testdata/events/pull_request_same.json")
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ Payload json.RawMessage }
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	return event.Payload
}

// actionEnv adds what a workflow's step has in its environment.
func actionEnv(t *testing.T, env map[string]string, api, temp string, event []byte) map[string]string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(temp, "event.json"), event, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/access", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": filepath.Join(temp, "event.json"),
		"GITHUB_API_URL": api, "GITHUB_GRAPHQL_URL": api + "/graphql", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_OUTPUT": filepath.Join(temp, "output"),
		"GITHUB_STEP_SUMMARY": filepath.Join(temp, "summary.md"), "RUNNER_TEMP": temp, "GITHUB_WORKSPACE": temp, "GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": headSHA,
	} {
		env[name] = value
	}
	return env
}
