package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// page draws Markdown as GitHub shows it: its style sheet, its alerts, its colours in a diff.
func page(markdown, css string, dark bool) (string, error) {
	var body bytes.Buffer
	// GitHub lets our own HTML through (details, summary, b, code, sub); it is all that there is.
	gfm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := gfm.Convert([]byte(markdown), &body); err != nil {
		return "", err
	}
	ground := "#ffffff"
	if dark {
		ground = "#0d1117"
	}
	return fmt.Sprintf(`<!doctype html><html><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>%s
body{margin:0;background:%s} .markdown-body{box-sizing:border-box;max-width:920px;padding:16px}
</style></head><body><article class="markdown-body">%s</article></body></html>`,
		css, ground, coloured(alerts(body.String()))), nil
}

var alert = regexp.MustCompile(`<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(?s:(.*?))</blockquote>`)

// alerts turns quotes that begin with [!CAUTION] and the like into GitHub's boxes.
func alerts(body string) string {
	return alert.ReplaceAllStringFunc(body, func(quote string) string {
		m := alert.FindStringSubmatch(quote)
		return fmt.Sprintf(`<div class="markdown-alert markdown-alert-%s"><p class="markdown-alert-title">%s</p><p>%s</div>`,
			strings.ToLower(m[1]), m[1][:1]+strings.ToLower(m[1][1:]), m[2])
	})
}

var diff = regexp.MustCompile(`(?s)<pre><code class="language-diff">(.*?)</code></pre>`)

// coloured marks the lines of diff fences as GitHub's highlighter does.
func coloured(body string) string {
	class := map[byte]string{'+': "pl-mi1", '-': "pl-md", '!': "pl-mc"}
	return diff.ReplaceAllStringFunc(body, func(block string) string {
		lines := strings.Split(diff.FindStringSubmatch(block)[1], "\n")
		for i, line := range lines {
			if line != "" && class[line[0]] != "" {
				lines[i] = fmt.Sprintf(`<span class="%s">%s</span>`, class[line[0]], line)
			}
		}
		return `<div class="highlight highlight-source-diff"><pre>` + strings.Join(lines, "\n") + `</pre></div>`
	})
}
