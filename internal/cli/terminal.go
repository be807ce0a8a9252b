package cli

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// unknownWidth is taken for a terminal that does not tell its width.
const unknownWidth = 80

// terminalWidth gives the columns of the terminal that w writes to; 0 where w is
// none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if size.Col == 0 {
		return unknownWidth
	}
	return int(size.Col)
}
