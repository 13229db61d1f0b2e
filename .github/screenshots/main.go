// Command screenshots makes the pictures of README: the pull-request comment of a realistic change to
// examples/acme, rendered with GitHub's style sheet in headless Chromium, at the width of a desktop
// and of a phone, light and dark.
//
//	go run ./.github/screenshots [FOLDER]
//
// It needs git, npm (for github-markdown-css) and chromium, and writes comment-*.png into FOLDER, by
// default its own.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// style is the npm package with GitHub's style sheet.
const style = "github-markdown-css@5.8.1"

// A shot is one picture: the width of the window in CSS pixels, and the theme.
type shot struct {
	name  string
	width int
	theme string
}

var shots = []shot{
	{"desktop-light", 952, "light"},
	{"desktop-dark", 952, "dark"},
	{"phone-light", 390, "light"},
	{"phone-dark", 390, "dark"},
}

func main() {
	folder := ".github/screenshots"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	temp, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	text, err := comment(temp)
	if err != nil {
		return err
	}
	if err := command(temp, "npm", "pack", "--silent", style); err != nil {
		return err
	}
	if err := command(temp, "sh", "-c", "tar xzf github-markdown-css-*.tgz"); err != nil {
		return err
	}
	for _, s := range shots {
		if err := s.take(temp, text, filepath.Join(folder, "comment-"+s.name+".png")); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// take renders the comment and photographs all of it.
func (s shot) take(temp, comment, file string) error {
	css, err := os.ReadFile(filepath.Join(temp, "package", "github-markdown-"+s.theme+".css"))
	if err != nil {
		return err
	}
	html, err := page(comment, string(css), s.theme == "dark")
	if err != nil {
		return err
	}
	source := filepath.Join(temp, s.name+".html")
	if err := os.WriteFile(source, []byte(html), 0o600); err != nil {
		return err
	}
	return photograph(source, file, s.width)
}

// photograph takes a picture of a whole page. Chromium takes one of its window, so the window is made as
// high as the page, which a first run asks for.
func photograph(source, file string, width int) error {
	height, err := heightOf(source, width)
	if err != nil {
		return err
	}
	full, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	return command(".", "chromium", append(headless(width, height), "--screenshot="+full, "file://"+source)...)
}

func headless(width, height int) []string {
	return []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
		fmt.Sprintf("--window-size=%d,%d", width, height),
	}
}

// heightOf asks Chromium how high the document is at that width.
func heightOf(source string, width int) (int, error) {
	probe := strings.TrimSuffix(source, ".html") + "-probe.html"
	html, err := os.ReadFile(source)
	if err != nil {
		return 0, err
	}
	script := "<script>document.title=String(document.documentElement.scrollHeight)</script></body>"
	if err := os.WriteFile(probe, []byte(strings.Replace(string(html), "</body>", script, 1)), 0o600); err != nil {
		return 0, err
	}
	out, err := exec.Command("chromium", append(headless(width, 400), "--dump-dom", "file://"+probe)...).Output()
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(out), "<title>")
	number, _, _ := strings.Cut(after, "</title>")
	height := 0
	if _, err := fmt.Sscan(number, &height); err != nil || !found {
		return 0, fmt.Errorf("chromium did not say how high the page is: %q", number)
	}
	return height, nil
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
