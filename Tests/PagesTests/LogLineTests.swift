import TestSupport
import Testing

@testable import Pages

/// Lines of hostile logs as markup.
@Suite struct LogLineTests {
    private func markup(_ text: String) -> String {
        var style = LogLine.Style()
        return LogLine.markup(of: Array(text.utf8)[...], &style)
    }

    @Test func markupIsEscaped() {
        #expect(
            markup("<script>alert('x')</script> & \"y\"")
                == "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;")
    }

    @Test func coloursBecomeClasses() {
        #expect(markup("\u{1B}[1;31mError\u{1B}[0m: x") == "<span class=\"ansi-bold ansi-red\">Error</span>: x")
        #expect(markup("\u{1B}[38;5;1mx") == "x", "a colour by number is no parameter of its own")
    }

    @Test func stylesContinueOnTheNextLine() {
        var style = LogLine.Style()
        _ = LogLine.markup(of: Array("\u{1B}[32ma".utf8)[...], &style)
        #expect(LogLine.markup(of: Array("b".utf8)[...], &style) == "<span class=\"ansi-green\">b</span>")
    }

    /// The text of a link stays, its address does not.
    @Test func linksAreText() {
        #expect(markup("\u{1B}]8;;javascript:alert(1)\u{1B}\\click\u{1B}]8;;\u{07}") == "click")
    }

    @Test func controlsAreShown() {
        let text = markup("a\u{202E}b\u{07}c\u{9B}d\u{0}")
        #expect(
            !text.unicodeScalars.contains {
                $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
            })
    }

    @Test func aProgressBarShowsItsLastState() {
        #expect(markup("10%\r20%\rdone\r") == "done")
    }

    @Test func endlessLinesAreCut() {
        #expect(markup(String(repeating: "x", count: 10_000_000)).count == LogLine.limit + 2)
    }

    /// Whatever the output, the only markup is spans with a class, opened and closed in turn.
    @Test(arguments: 0..<200) func onlySpansAreWritten(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("<>&\"'a\u{1B}[]m;8\\\u{07}0131\r \u{202E}/".unicodeScalars)
        var line = String.UnicodeScalarView()
        for _ in 0..<80 { line.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)]) }
        let text = markup(String(line))
        var isOpen = false
        for tag in text.matches(of: /<[^>]*>/).map({ String($0.output) }) {
            if isOpen {
                #expect(tag == "</span>", "seed \(seed): \(text)")
            } else {
                #expect(tag.wholeMatch(of: /<span class="[a-z -]*">/) != nil, "seed \(seed): \(text)")
            }
            isOpen.toggle()
        }
        #expect(!isOpen && !text.contains("\u{1B}"), "seed \(seed)")
    }
}
