package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// echoProgram stands in for the program: it prints what the action hands over.
const echoProgram = `package main

import (
	"encoding/json"
	"os"
)

func main() {
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"args": os.Args[1:], "inputs": os.Getenv("ROLEWRIGHT_INPUTS"), "env": os.Environ()})
}
`

// TestActionInputs: whatever a workflow gives, the program gets it to the letter, unknown names
// included, and no shell on the way makes anything of it.
func TestActionInputs(t *testing.T) {
	dir, workspace := t.TempDir(), t.TempDir()
	copyReplaced(t, "../../action.yml", filepath.Join(dir, "action.yml"), func(text []byte) []byte { return text })
	for name, text := range map[string]string{"go.mod": "module example.com/echo\ngo 1.26\n", "cmd/rolewright/main.go": echoProgram} {
		if err := writeFile(dir, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	given := map[string]string{
		"command": `plan"; touch marked #`, "path": "$(touch marked)", "target": "`touch marked`", "base": "'; touch marked; '",
		"access-token": "a\nb=c\nEOF\n::set-output name=changes::true", "unprotect": "\u2028\x1b[31m\\u0000 ${{ github.token }} %0A",
		"No-Such-Input": "*", "github-token": "",
	}
	r := runComposite(t, dir, given, map[string]string{"GITHUB_WORKSPACE": workspace, "GOFLAGS": "-mod=mod -no-such-flag", "GOWORK": "/nowhere"})
	if r.failed {
		t.Fatal(r.raw)
	}
	var got struct {
		Args, Env []string
		Inputs    string
	}
	if err := json.Unmarshal([]byte(r.raw), &got); err != nil {
		t.Fatal(err)
	}
	inputs := map[string]string{}
	if err := json.Unmarshal([]byte(got.Inputs), &inputs); err != nil {
		t.Fatal(err)
	}
	for name, value := range given {
		if inputs[name] != value {
			t.Errorf("input %s: %q, want %q", name, inputs[name], value)
		}
	}
	if len(inputs) != 29 || inputs["comment"] != "auto" || !slices.Equal(got.Args, []string{"action"}) || len(r.commands) > 0 {
		t.Errorf("%d inputs, comment %q, arguments %q, commands %v", len(inputs), inputs["comment"], got.Args, r.commands)
	}
	for _, variable := range got.Env {
		if name, value, _ := strings.Cut(variable, "="); name != "ROLEWRIGHT_INPUTS" && strings.Contains(value, "touch marked") {
			t.Errorf("an input reaches the program by %s too", name)
		}
	}
	left, err := os.ReadDir(workspace)
	if err != nil || len(left) > 0 {
		t.Errorf("something ran and left %v (%v)", left, err)
	}
}
