"""A small stand-in for the reference program, written as such programs are: FastAPI's threads, an ORM session a call,
a Redis that is trusted, a pydantic answer, sums of floats, every setting at its default.

``bare``: beside it, a route that does one asynchronous Redis GET and returns the bytes.
"""

import json
import os
from datetime import UTC, datetime
from typing import Annotated, Any

import redis
import redis.asyncio
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

engine = create_engine(os.environ["SQLALCHEMY_DATABASE_URI"], connect_args={"check_same_thread": False})
make_session = sessionmaker(bind=engine, autoflush=False)
cache = redis.Redis.from_url(os.environ["REDIS_URL"]) if os.environ["REDIS_URL"] != "off" else None
asynchronous = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"]) if cache else None


class Base(DeclarativeBase):
    pass


class Loan(Base):
    __tablename__ = "loans"
    id: Mapped[int] = mapped_column(primary_key=True, index=True)
    loan_amount: Mapped[float]
    interest_rate: Mapped[float] = mapped_column(default=0.02)
    repayment_period: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    repayments: Mapped[list["Repayment"]] = relationship(back_populates="loan")


class Repayment(Base):
    __tablename__ = "repayments"
    id: Mapped[int] = mapped_column(primary_key=True, index=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    amount: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    loan: Mapped[Loan] = relationship(back_populates="repayments")


class LoanIn(BaseModel):
    loan_amount: float
    repayment_period: int
    interest_rate: float = 0.02


class LoanOut(LoanIn):
    id: int
    created_at: datetime


class RepaymentIn(BaseModel):
    amount: float


class RepaymentOut(RepaymentIn):
    id: int
    loan_id: int
    created_at: datetime


class StatusOut(BaseModel):
    loan_id: int
    expected_monthly_installment: float
    total_amount_paid: float
    remaining_balance: float
    status: str
    months_passed: int
    expected_paid: float


def get_session() -> Any:
    session = make_session()
    try:
        yield session
    finally:
        session.close()


ASession = Annotated[Session, Depends(get_session)]
api = FastAPI()
Base.metadata.create_all(engine)


def found(session: Session, loan_id: int) -> Loan:
    loan = session.scalar(select(Loan).where(Loan.id == loan_id))
    if loan is None:
        raise HTTPException(404, "Loan not found")
    return loan


@api.post("/create-loans", status_code=201, response_model=LoanOut)
def create_loan(entry: LoanIn, session: ASession) -> Any:
    loan = Loan(**entry.model_dump())
    session.add(loan)
    session.commit()
    session.refresh(loan)
    return loan


@api.post("/loans/{loan_id}/repayments", status_code=201, response_model=RepaymentOut)
def add_repayment(loan_id: int, entry: RepaymentIn, session: ASession) -> Any:
    found(session, loan_id)
    repayment = Repayment(loan_id=loan_id, amount=entry.amount)
    session.add(repayment)
    session.commit()
    session.refresh(repayment)
    if cache:
        cache.delete(f"loan_status:{loan_id}")
    return repayment


@api.get("/loans/{loan_id}/status", response_model=StatusOut)
def status(loan_id: int, session: ASession) -> Any:
    if cache and (cached := cache.get(f"loan_status:{loan_id}")):
        return json.loads(cached)  # type: ignore[arg-type]
    loan = found(session, loan_id)
    rate, periods = loan.interest_rate, loan.repayment_period
    installment = loan.loan_amount * rate / (1 - (1 + rate) ** -periods)
    paid = sum(each.amount for each in loan.repayments)
    now = datetime.now(UTC)
    months = min((now.year - loan.created_at.year) * 12 + now.month - loan.created_at.month, periods)
    expected = min(installment * months, loan.loan_amount)
    judged = "Ahead" if paid >= expected * 1.1 else "Behind" if paid < expected * 0.9 else "On Track"
    said = StatusOut(
        loan_id=loan.id,
        expected_monthly_installment=round(installment, 2),
        total_amount_paid=round(paid, 2),
        remaining_balance=round(loan.loan_amount - paid, 2),
        status=judged,
        months_passed=months,
        expected_paid=round(expected, 2),
    )
    if cache:
        cache.setex(f"loan_status:{loan_id}", 300, said.model_dump_json())
    return said


async def one_get(request: Request) -> Response:
    assert asynchronous
    return Response(
        await asynchronous.get(f"loan_status:{request.path_params['loan_id']}"), media_type="application/json"
    )


bare = Starlette(routes=[Route("/loans/{loan_id}/status", one_get)])
