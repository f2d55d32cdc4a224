internal import Model
internal import Review

/// How a page shows the standing of a cell: a class of the style sheet, a mark for those who do not see its colour, and a letter
/// in the packed cells of the grid.
struct StandingLook {
    let name: String
    let mark: String
    let letter: Character

    init(_ cell: ListedCell) {
        self.init(cell.standing, isAccepted: cell.state.accepted != nil && cell.state.outcome == .failure)
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

    /// What a heading calls the cells of a standing.
    static func words(_ standing: Standing) -> String {
        switch standing {
        case .ok: "good"
        case .new: "newly failing"
        default: standing.rawValue
        }
    }
}
