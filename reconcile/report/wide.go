package report

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
)

// fewActions are as many as a sentence names.
const fewActions = 3

// wideRows says what a line means for other environments than those that it names.
func wideRows(w *access.Wide) []row {
	if w == nil {
		return nil
	}
	return []row{{mark: '!', tone: edits, label: "everywhere", words: strings.Fields(Terminal(wideWords(w))), sep: " "}}
}

// wideWords says that some actions concern every environment of a project, and what follows.
func wideWords(w *access.Wide) string {
	words := wideSentence(w, strings.Join(w.Actions, ", "))
	if w.Example != "" {
		words += ", e.g. " + w.Example
	}
	return words
}

// wideMarkdown says the same in Markdown.
func wideMarkdown(w *access.Wide) string {
	words := wideSentence(w, strings.Join(spans(w.Actions), ", "))
	if w.Example != "" {
		words += ", e.g. " + MarkdownSpan(w.Example)
	}
	return words
}

func wideSentence(w *access.Wide, actions string) string {
	need, they := "need", "they"
	if len(w.Actions) > fewActions {
		actions = fmt.Sprintf("%d of these actions", len(w.Actions))
	}
	if len(w.Actions) == 1 {
		need, they = "needs", "it"
	}
	words := fmt.Sprintf("%s %s to be allowed in every environment of a project: ", actions, need)
	switch w.Reach {
	case access.Stops:
		return words + they + " will stop in the others too"
	case access.Blocked:
		return words + they + " will work in none while another one refuses"
	case access.Starts:
		return words + they + " will begin to work in the others too"
	}
	return words + "what this means for the others is undecided"
}
