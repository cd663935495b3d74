"""Stage `data`: write scikit-learn's wine data, so that a clone of this repository needs no store for its rows."""

from pathlib import Path

from sklearn.datasets import load_wine

RAW = Path("data/raw.csv")


def main() -> None:
    wine = load_wine(as_frame=True)
    rows = wine.frame.rename(columns=lambda name: name.replace("/", "_"))
    rows["target"] = [f"cultivar_{number}" for number in rows["target"] + 1]
    rows = rows.rename(columns={"target": "cultivar"})
    rows.insert(0, "id", range(1, len(rows) + 1))
    RAW.parent.mkdir(exist_ok=True)
    rows.to_csv(RAW, index=False, lineterminator="\n")
    print(f"{len(rows)} wines")


if __name__ == "__main__":
    main()
