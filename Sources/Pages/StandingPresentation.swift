internal import Model
internal import Review

/// The presentation of a standing: a CSS class, a mark for readers who cannot distinguish colours, and a letter in the
/// packed cells of the grid.
struct StandingPresentation {
    let name: String
    let mark: String
    let letter: Character

    init(_ cell: ListedCell) {
        self.init(cell.standing, isAccepted: cell.state.isAcceptedFailure && cell.state.outcome == .failure)
    }

    init(_ standing: Standing, isAccepted: Bool = false) {
        (name, mark, letter) =
            switch standing {
            case _ where isAccepted: ("accepted", "○", "A")
            case .ok: ("success", "✓", "S")
            case .fixed: ("fixed", "+", "X")
            case .broken, .new: ("broken", "✕", "B")
            case .stillFailing: ("failure", "✕", "F")
            case .flaky: ("flaky", "◆", "Y")
            case .blocked: ("blocked", "◣", "K")
            case .infrastructure: ("infrastructure", "□", "I")
            case .unsolvable, .ownOCaml: ("unsolvable", "–", "U")
            case .cancelled: ("cancelled", "|", "C")
            case .pending: ("pending", "·", "P")
            case .excluded: ("pending", " ", "E")
            }
    }

    /// The heading for cells of a standing.
    static func words(_ standing: Standing) -> String {
        switch standing {
        case .new: "newly failing"
        default: standing.rawValue
        }
    }
}
