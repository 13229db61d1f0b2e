package main

import (
	"slices"
	"strings"
	"unicode"
)

// runnerCommand is one workflow command that a program printed and the runner obeyed.
type runnerCommand struct {
	name       string // in lower case
	properties map[string]string
	data       string
}

// runnerCommands are the commands that the runner knows. What looks like another one is text.
var runnerCommands = []string{
	"add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
	"remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
}

// parseCommand reads a line as the runner does: "::name key=value::data" after leading white space,
// or "##[name key=value]data" anywhere in the line. extra is the token that ends stop-commands.
func parseCommand(line, extra string) (runnerCommand, bool) {
	if c, ok := parseColons(line, extra); ok {
		return c, true
	}
	return parseHashes(line, extra)
}

func parseColons(line, extra string) (runnerCommand, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
	if !ok {
		return runnerCommand{}, false
	}
	head, data, ok := strings.Cut(rest, "::")
	if !ok {
		return runnerCommand{}, false
	}
	return newRunnerCommand(head, data, ",", extra, []string{"%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%"},
		[]string{"%0D", "\r", "%0A", "\n", "%25", "%"})
}

func parseHashes(line, extra string) (runnerCommand, bool) {
	_, rest, ok := strings.Cut(line, "##[")
	if !ok {
		return runnerCommand{}, false
	}
	head, data, ok := strings.Cut(rest, "]")
	if !ok {
		return runnerCommand{}, false
	}
	escapes := []string{"%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]", "%25", "%"}
	return newRunnerCommand(head, data, ";", extra, escapes, escapes)
}

// newRunnerCommand takes a command's head apart, if its name is one that the runner knows now.
func newRunnerCommand(head, data, separator, extra string, inProperty, inData []string) (runnerCommand, bool) {
	name, list, _ := strings.Cut(head, " ")
	c := runnerCommand{name: strings.ToLower(name), properties: map[string]string{}, data: unescapeCommand(data, inData)}
	if !slices.Contains(runnerCommands, c.name) && (extra == "" || !strings.EqualFold(name, extra)) {
		return runnerCommand{}, false
	}
	for property := range strings.SplitSeq(strings.TrimSpace(list), separator) {
		if key, value, ok := strings.Cut(property, "="); ok && value != "" {
			c.properties[strings.ToLower(key)] = unescapeCommand(value, inProperty)
		}
	}
	return c, true
}

// unescapeCommand replaces one escape after the other, as the runner does: "%250A" ends as "%0A".
func unescapeCommand(s string, pairs []string) string {
	for pair := range slices.Chunk(pairs, 2) {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}

// runnerLog is what the runner makes of the lines that the programs of a step print: the commands
// among them are obeyed, everything else is logged with the masks of that moment.
type runnerLog struct {
	lines    []string
	raw      []string
	commands []runnerCommand
	masks    []string
	stopped  string            // the token that ends stop-commands
	outputs  map[string]string // of the step, by set-output
	failed   bool              // a command that the runner refuses fails the step
}

// line takes one line of a program's stdout or stderr.
func (l *runnerLog) line(text string) {
	l.raw = append(l.raw, text)
	c, ok := parseCommand(text, l.stopped)
	switch {
	case !ok:
		l.print(text)
	case l.stopped != "" && strings.EqualFold(c.name, l.stopped):
		l.print(text)
		l.stopped = ""
	case l.stopped != "":
		l.print(text)
	default:
		l.commands = append(l.commands, c)
		l.obey(c, text)
	}
}

func (l *runnerLog) obey(c runnerCommand, text string) {
	switch c.name {
	case "stop-commands":
		l.stop(c.data, text)
	case "set-output":
		l.outputs[strings.ToLower(c.properties["name"])] = c.data
	case "set-env", "add-path":
		l.fail("the " + c.name + " command is disabled")
	case "add-mask":
		l.mask(c.data)
	case "error", "warning", "notice", "group", "debug":
		l.print("##[" + c.name + "]" + c.data)
	case "endgroup":
		l.print("##[endgroup]")
	}
}

// stop ends the obeying until the token comes. The runner refuses a token that could be guessed.
func (l *runnerLog) stop(token, text string) {
	if token == "" || slices.Contains(append(runnerCommands, "pause-logging"), strings.ToLower(token)) {
		l.fail("invalid token for stop-commands")
		return
	}
	l.print(text)
	l.stopped = token
}

// mask hides a value, and each of its lines, in what is printed from now on. The runner hides
// encoded forms too; a test that looks for leaks is stricter without.
func (l *runnerLog) mask(value string) {
	if strings.TrimSpace(value) == "" {
		l.print("##[warning]Can't add secret mask for empty string")
		return
	}
	l.masks = append(l.masks, value)
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '\r' || r == '\n' }) {
		l.masks = append(l.masks, part)
	}
}

func (l *runnerLog) fail(why string) {
	l.failed = true
	l.print("##[error]" + why)
}

func (l *runnerLog) print(text string) { l.lines = append(l.lines, l.masked(text)) }

func (l *runnerLog) masked(text string) string {
	longest := slices.SortedFunc(slices.Values(l.masks), func(a, b string) int { return len(b) - len(a) })
	for _, m := range longest {
		text = strings.ReplaceAll(text, m, "***")
	}
	return text
}
