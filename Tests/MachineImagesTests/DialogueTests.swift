import MachineImages
import PluginMessages
import TestSupport
import Testing

/// The dialogue with a console: expected texts and replies, whatever the pieces in which the console's bytes arrive.
@Suite struct DialogueTests {
    private typealias Event = Dialogue.Event

    private static let boot = InstallerBoot(
        "b",
        dialogue: [
            DialogueStep("boot>", send: "1\n"),
            DialogueStep([DialogueReply("again?", send: "r\n", repeats: true), DialogueReply("once?", send: "2\n")]),
            DialogueStep([DialogueReply("aab", send: "3\n"), DialogueReply("b", send: "4\n")]),
        ], failures: ["panic:"])

    private func events(_ pieces: [[UInt8]], of boot: InstallerBoot = boot) -> [Event] {
        var dialogue = Dialogue(boot)
        return pieces.flatMap { dialogue.receive($0) }
    }

    private func events(_ text: String, of boot: InstallerBoot = boot) -> [Event] {
        events([Array(text.utf8)], of: boot)
    }

    @Test func theEventsDoNotDependOnThePiecesOfTheOutput() {
        let stream = Array(
            "\u{1B}c\u{1B}[2JboOT>bo\u{1B}[1;31mo\u{1B}[0mt> again?\r\n\u{1B}]0;title\u{7}aga\u{0}in? once\u{1B}(B? aaaab panic: x"
                .utf8)
        let expected: [Event] = [
            .reply("1\n"), .reply("r\n"), .reply("r\n"), .reply("2\n"), .reply("3\n"), .finished, .failed("panic:"),
        ]
        #expect(events([stream]) == expected)
        #expect(events(stream.map { [$0] }) == expected)
        for first in stream.indices {
            for length in [1, 2, 7] {
                let second = min(stream.count, first + length)
                let pieces = [stream[..<first], stream[first..<second], stream[second...]].map(Array.init)
                #expect(events(pieces) == expected, "split at \(first) and \(second)")
            }
        }
        var generator = SeededGenerator()
        for _ in 0..<200 {
            var (pieces, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], stream[...])
            while !rest.isEmpty {
                let count = Int.random(in: 0...9, using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(events(pieces) == expected, "\(pieces.map(\.count)) of seed \(generator.seed)")
        }
    }

    /// All short outputs over a small alphabet: the answer equals that of a search from left to right.
    @Test func theTextThatIsCompleteFirstCounts() {
        let boot = InstallerBoot(
            "b",
            dialogue: [
                DialogueStep([
                    DialogueReply("aab", send: "x"), DialogueReply("ab", send: "y"), DialogueReply("ba", send: "z"),
                ])
            ])
        let alphabet = Array("ab".utf8)
        for length in 0...8 {
            for number in 0..<(1 << length) {
                let output = (0..<length).map { alphabet[number >> $0 & 1] }
                let text = String(decoding: output, as: UTF8.self)
                var expected: [Event] = []
                for end in 0...length where expected.isEmpty {
                    let seen = text.prefix(end)
                    let found = [("aab", "x"), ("ab", "y"), ("ba", "z")].first { seen.hasSuffix($0.0) }
                    if let found { expected = [.reply(found.1), .finished] }
                }
                #expect(events([output], of: boot) == expected, "\(text)")
            }
        }
    }

    @Test func aTextIsConsumedOnce() {
        let boot = InstallerBoot("b", dialogue: [DialogueStep("name?", send: "1"), DialogueStep("name?", send: "2")])
        #expect(events("name?", of: boot) == [.reply("1")])
        #expect(events("name?name?", of: boot) == [.reply("1"), .reply("2"), .finished])
        #expect(events("namename?", of: boot) == [.reply("1")])
    }

    @Test func aQuestionThatComesWithoutEndEndsTheDialogue() {
        let text = String(repeating: "again?", count: 200)
        #expect(events("boot>" + text).last == .repeated("again?"))
        #expect(events("boot>" + text).count == 102)
    }

    @Test func aSequenceWithoutEndHidesLittle() {
        let hidden = "\u{1B}]" + String(repeating: "x", count: 300)
        #expect(events(hidden + "boot>") == [.reply("1\n")])
        #expect(events("\u{1B}[" + String(repeating: "1;", count: 300) + "boot>") == [.reply("1\n")])
        #expect(events("bo\u{1B}]boot>\u{7}ot>") == [.reply("1\n")])
    }

    @Test func outputWithoutEndIsNotKept() {
        var dialogue = Dialogue(Self.boot)
        let noise = [UInt8](repeating: UInt8(ascii: "b"), count: 1 << 16)
        for _ in 0..<4 { #expect(dialogue.receive(noise).isEmpty) }
        #expect(dialogue.receive(Array("oot>".utf8)) == [.reply("1\n")])
        #expect(dialogue.awaited == ["again?", "once?"])
    }

    @Test func nothingFollowsAFailure() {
        #expect(events("panic: boot> once?") == [.failed("panic:")])
        #expect(events("boot> panic: once?") == [.reply("1\n"), .failed("panic:")])
    }
}
