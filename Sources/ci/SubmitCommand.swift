internal import ArgumentParser
internal import Core
internal import Foundation
internal import Matrix
internal import Model
internal import Records
internal import Store
internal import YAML

struct SubmitCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a matrix as a task, for a 'ci run' in another process to plan and run.",
        discussion: """
            Writes the matrix to the branch requests/NAME of the store and prints the name. A 'ci run' of the same \
            deployment takes the task before it ends; 'ci run --serve' takes all tasks, now or later. 'ci status' lists \
            tasks, 'ci cancel --task NAME' cancels one.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The task's name (default: the deployment and the time).")
    var name: String?

    @Option(help: "Tasks of greater priority are planned first.", parsedBy: number(in: -1_000_000...1_000_000))
    var priority = 0

    @Option(help: "Run only the cells that this selector matches; may be repeated.")
    var only: [SelectorArgument] = []

    @Argument(help: "The matrix: a YAML file.")
    var matrix: String

    func validate() throws {
        if let name, !Self.isName(name) {
            throw ValidationError("--name \(name): expected up to 100 letters, digits, '.', '_' and '-'")
        }
    }

    func run() async throws {
        let text = try SourceText(path: matrix, of: "matrix")
        let file = try MatrixFile(text)
        let selectors = try only.selectors().map(\.description)
        let now = Date()
        let name = name ?? Self.name(for: file.deployment.value, at: now)
        let request = TaskRequest(
            path: URL(fileURLWithPath: matrix).standardizedFileURL.path, priority: priority,
            selectors: selectors.isEmpty ? nil : selectors, submitted: Int(now.timeIntervalSince1970),
            submitter: "\(NSUserName())@\(ProcessInfo.processInfo.hostName)")
        let store = try Store(at: store.path(in: .current()))
        try SubmittedTask.submit(name, request, matrix: text.bytes, in: store)
        StandardOutput.print(name)
    }

    private static func isName(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count) && name.first != "." && name.last != "." && !name.contains("..")
            && !name.hasSuffix(".lock") && name.first != "-"
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func name(for deployment: String, at time: Date) -> String {
        let format = Date.VerbatimFormatStyle(
            format: """
                \(year: .padded(4))\(month: .twoDigits)\(day: .twoDigits)-\
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\(second: .twoDigits)
                """,
            timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        let suffix = String(UInt16.random(in: 0x1000...UInt16.max), radix: 16)
        return "\(deployment)-\(time.formatted(format))-\(suffix)"
    }
}
